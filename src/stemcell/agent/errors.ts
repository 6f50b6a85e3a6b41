/** The stages of speaking with an agent, after its port has been reached (until then it's an SshError of the dialer's). */
export type AgentStage = "tls" | "auth" | "answer" | "exception";

/** An agent that can't be spoken with or that failed, by stage. `retryable`: trying again may help (it boots, the network is down). */
export class AgentError extends Error {
	override readonly name = "AgentError";
	readonly stage: AgentStage;
	readonly target: string;
	readonly retryable: boolean;
	readonly hint: string | undefined;

	constructor(
		message: string,
		fields: { stage: AgentStage; target: string; retryable: boolean; hint?: string | undefined; cause?: unknown },
	) {
		super(message, { cause: fields.cause });
		this.stage = fields.stage;
		this.target = fields.target;
		this.retryable = fields.retryable;
		this.hint = fields.hint;
	}
}
