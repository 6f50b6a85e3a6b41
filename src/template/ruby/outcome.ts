/** What Ruby answers for one template. Lines count from 1; a line is absent where Ruby gave none. */
export type Outcome = (
	| { readonly content: string }
	| {
			readonly error: {
				readonly kind: "property" | "link" | "syntax" | "raise";
				/** Ruby's class of the error. */
				readonly type: string;
				readonly message: string;
				readonly line: number | null;
				/** The properties or the link that were asked for. */
				readonly names?: readonly string[];
				/** The link whose property it is; null: the job's own. */
				readonly link?: string | null;
			};
	  }
) & {
	/** Where it drew randomness. */
	readonly draws: readonly { readonly line: number; readonly what: string }[];
};

/** To the worker. `job` comes before the templates that are rendered with it, and is not answered. */
export type ToWorker =
	| { readonly type: "job"; readonly specJson: string; readonly nowMs: number }
	| { readonly type: "template"; readonly file: string; readonly source: string };

/** From the worker. `broken`: the Ruby in it can't go on (stack or memory used up, or the template ended it). */
export type FromWorker =
	| { readonly type: "ready" }
	| { readonly type: "outcome"; readonly outcome: Outcome }
	| { readonly type: "broken"; readonly why: string };
