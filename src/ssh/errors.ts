import type { SshStage } from "./ssh.ts";

/** A VM that can't be reached, by stage. `retryable`: trying again may help (it boots, the network is down). */
export class SshError extends Error {
	override readonly name = "SshError";
	readonly stage: SshStage;
	readonly target: string;
	readonly retryable: boolean;
	readonly hint: string | undefined;
	/** The server closed the stream without a word, as one does that has too many logins under way: dialling again at once may help. */
	readonly dropped: boolean;
	/** The host key of the VM that was refused, as a public key line. */
	readonly shownHostKey: string | undefined;

	constructor(
		message: string,
		fields: {
			stage: SshStage;
			target: string;
			retryable: boolean;
			hint?: string | undefined;
			dropped?: boolean;
			shownHostKey?: string;
			cause?: unknown;
		},
	) {
		super(message, { cause: fields.cause });
		this.stage = fields.stage;
		this.target = fields.target;
		this.retryable = fields.retryable;
		this.hint = fields.hint;
		this.dropped = fields.dropped ?? false;
		this.shownHostKey = fields.shownHostKey;
	}
}
