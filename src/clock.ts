/** Time as an argument. `now` is the wall clock in ms since 1970; `monotonic` never goes back and stops for nothing but sleep. */
export interface Clock {
	now(): number;
	monotonic(): number;
	/** Resolves after `ms`, or rejects with the signal's reason. */
	sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** Randomness as an argument. */
export interface Random {
	bytes(length: number): Uint8Array;
	uuid(): string;
}
