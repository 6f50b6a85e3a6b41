export type CpiErrorKind =
	| "not-found"
	| "quota"
	| "auth"
	| "capacity"
	| "invalid"
	| "rate-limit"
	| "unavailable"
	| "unsupported";

/** A cloud's refusal, classified. `message` is for the user: what was refused, on what, and what helps. */
export class CpiError extends Error {
	override readonly name = "CpiError";
	readonly kind: CpiErrorKind;
	readonly retryable: boolean;
	readonly iaas: string;
	readonly operation: string;
	readonly requestId: string | undefined;
	/** Don't call again before this many milliseconds have passed (Retry-After). */
	readonly retryAfterMs: number | undefined;
	readonly hint: string | undefined;

	constructor(
		message: string,
		fields: {
			kind: CpiErrorKind;
			iaas: string;
			operation: string;
			retryable?: boolean;
			requestId?: string;
			retryAfterMs?: number;
			hint?: string;
			cause?: unknown;
		},
	) {
		super(message, { cause: fields.cause });
		this.kind = fields.kind;
		this.iaas = fields.iaas;
		this.operation = fields.operation;
		this.retryable = fields.retryable ?? (fields.kind === "rate-limit" || fields.kind === "unavailable");
		this.requestId = fields.requestId;
		this.retryAfterMs = fields.retryAfterMs;
		this.hint = fields.hint;
	}
}
