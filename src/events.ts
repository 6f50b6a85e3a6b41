import type { Problem } from "./errors.ts";

/** Everything that can be shown while davit works. Core emits; only views print. Times are milliseconds. */
export type DavitEvent =
	| { readonly type: "problem"; readonly problem: Problem }
	/** A sentence for the user, such as "min-4: nothing to do". */
	| { readonly type: "note"; readonly text: string }
	/** The plan that is about to be applied: step count and one line per change. */
	| { readonly type: "plan"; readonly deployment: string; readonly steps: number; readonly changes: readonly string[] }
	/** The plan of a first deploy, for programs; people get a table. */
	| { readonly type: "offline-plan"; readonly plan: object }
	/** What the next deploy would do, for programs; people get text. */
	| { readonly type: "plan-report"; readonly plan: object }
	| {
			readonly type: "step-started";
			readonly id: string;
			readonly kind: string;
			readonly title: string;
			readonly instance?: string;
	  }
	/** Progress inside a step: a line of output, a byte count, a drain's answer. */
	| { readonly type: "step-progress"; readonly id: string; readonly text: string }
	/** Silent for a while: what is being waited for, and for how long already. */
	| { readonly type: "step-waiting"; readonly id: string; readonly text: string; readonly elapsedMs: number }
	| {
			readonly type: "step-finished";
			readonly id: string;
			readonly kind: string;
			readonly title: string;
			readonly durationMs: number;
			readonly skipped?: boolean;
	  }
	| {
			readonly type: "step-failed";
			readonly id: string;
			readonly kind: string;
			readonly title: string;
			readonly durationMs: number;
			readonly problems: readonly Problem[];
	  }
	/** A VM has got a package: from another VM, from the object store, or from here. Bytes of its archive; absent: not known. */
	| {
			readonly type: "package-installed";
			readonly instance: string;
			readonly package: string;
			readonly source: "peer" | "object-store" | "ssh";
			readonly peer?: string;
			readonly bytes?: number;
	  }
	/** One attempt of a call to a cloud has ended. For the log: what came of it is in the step's events. */
	| {
			readonly type: "cpi-call";
			readonly iaas: string;
			readonly verb: string;
			readonly durationMs: number;
			readonly failure?: { readonly kind: string; readonly message: string; readonly requestId?: string };
	  }
	/** Rows for people (a table) and for programs (the same rows, as data). */
	| {
			readonly type: "table";
			readonly name: string;
			readonly columns: readonly string[];
			readonly rows: readonly Readonly<Record<string, unknown>>[];
	  }
	/** What was seen of a watched deployment, or done about it. `verdict` as in src/health, or `partitioned`, `held`, `repair`, `repaired`, `failed`. */
	| {
			readonly type: "health";
			/** Wall clock, ms since 1970. */
			readonly at: number;
			readonly deployment: string;
			readonly instance?: string;
			readonly verdict: string;
			readonly text: string;
	  }
	/** A text that is the result of the command, such as `davit int`'s YAML. Printed as it is, to standard output. Of an instance: what it wrote, and where. */
	| {
			readonly type: "output";
			readonly text: string;
			readonly instance?: string;
			readonly stream?: "stdout" | "stderr";
	  };

export type EventSink = (event: DavitEvent) => void;
