/**
 * One davit as an operating system sees it: it runs, is suspended, or was killed. Whatever it does to the world goes through `act`, so that
 * a process that is gone does nothing more, and nobody hears of it again.
 */
export class DavitProcess {
	#state: "running" | "suspended" | "killed" = "running";
	#wake: (() => void) | undefined;
	#awake: Promise<void> = Promise.resolve();
	/** Resolves once it was killed or suspended. */
	readonly stopped: Promise<"killed" | "suspended">;
	/** Resolves once it was killed. */
	readonly killed: Promise<"killed">;
	#tellStopped: (how: "killed" | "suspended") => void = () => {};
	#tellKilled: (how: "killed") => void = () => {};

	constructor() {
		this.stopped = new Promise((resolve) => {
			this.#tellStopped = resolve;
		});
		this.killed = new Promise((resolve) => {
			this.#tellKilled = resolve;
		});
	}

	kill(): void {
		if (this.#state !== "running") return;
		this.#state = "killed";
		this.#tellStopped("killed");
		this.#tellKilled("killed");
	}

	suspend(): void {
		if (this.#state !== "running") return;
		this.#state = "suspended";
		this.#tellStopped("suspended");
		this.#awake = new Promise((resolve) => {
			this.#wake = resolve;
		});
	}

	resume(): void {
		this.#state = "running";
		this.#wake?.();
	}

	get isKilled(): boolean {
		return this.#state === "killed";
	}

	/** Waits while the process is suspended, and for ever once it was killed. */
	async alive(): Promise<void> {
		await this.#awake;
		if (this.#state === "killed") await new Promise(() => {});
	}

	/** Waits for ever once it was killed. */
	async notKilled(): Promise<void> {
		if (this.#state === "killed") await new Promise(() => {});
	}

	/** Does something to the world, and comes back with its answer, if the process is still there to hear it. */
	async act<T>(work: () => T | Promise<T>): Promise<T> {
		await this.alive();
		try {
			return await work();
		} finally {
			await this.alive();
		}
	}
}
