import process from "node:process";
import type { Clock } from "../../src/clock.ts";

interface Sleeper {
	readonly at: number;
	readonly order: number;
	readonly wake: () => void;
}

/** Work of this machine that runs outside JavaScript: while some is under way, time stands still. */
const REAL_WORK = /^(FS|Zlib|ZLIB|FileHandle|WorkRequest|ProcessWrap|MessagePort|Worker)/;
/** Turns of the event loop without any: between two pieces of its work a stream may take one. */
const CLEAN_TURNS = 4;
/** Looks at a world in which nothing sleeps and nothing ends, before it is called dead; and real milliseconds, for a thread of Ruby's on a busy machine. */
const PATIENCE = 20_000;
const PATIENCE_MS = 10_000;

/** Time that passes only when everybody waits for it. */
export class VirtualTime {
	/** Wall clock at the begin, ms since 1970. */
	readonly begin = Date.UTC(2026, 0, 1);
	#now = this.begin;
	#order = 0;
	readonly #sleepers: Sleeper[] = [];
	#held = 0;

	get now(): number {
		return this.#now;
	}

	/** Nobody notices but by the clock, as if the machine had been suspended with everything on it. */
	pass(ms: number): void {
		this.#now += ms;
	}

	/** Resolves after `ms`, or rejects with the signal's reason. */
	sleep(ms: number, signal?: AbortSignal): Promise<void> {
		return new Promise((resolve, reject) => {
			if (signal?.aborted) {
				reject(signal.reason);
				return;
			}
			const sleeper = { at: this.#now + Math.max(0, Math.ceil(ms)), order: this.#order++, wake: resolve };
			this.#sleepers.push(sleeper);
			signal?.addEventListener(
				"abort",
				() => {
					const index = this.#sleepers.indexOf(sleeper);
					if (index >= 0) this.#sleepers.splice(index, 1);
					reject(signal.reason);
				},
				{ once: true },
			);
		});
	}

	/** Time stands still until the work has ended: work of this machine that can't be told from outside. */
	async hold<T>(work: Promise<T>): Promise<T> {
		this.#held += 1;
		try {
			return await work;
		} finally {
			this.#held -= 1;
		}
	}

	/** Lets time pass until the work has ended. */
	async until<T>(work: Promise<T>): Promise<T> {
		let ended = false;
		const end = () => {
			ended = true;
		};
		work.then(end, end);
		let woken = performance.now();
		for (let idle = 0; !ended; idle += 1) {
			await this.#quiet();
			if (ended) break;
			if (this.#wakeNext()) {
				idle = 0;
				woken = performance.now();
			} else if (idle > PATIENCE && performance.now() - woken > PATIENCE_MS)
				throw new Error("nothing happens any more, and the work has not ended");
		}
		return work;
	}

	clock(): Clock {
		return { now: () => this.#now, monotonic: () => this.#now, sleep: (ms, signal) => this.sleep(ms, signal) };
	}

	/** Resolves once everybody waits: for time, or for nothing. */
	async #quiet(): Promise<void> {
		for (let clean = 0; clean < CLEAN_TURNS; clean += 1) {
			await new Promise(setImmediate);
			while (this.#held > 0 || process.getActiveResourcesInfo().some((name) => REAL_WORK.test(name))) {
				clean = 0;
				await new Promise((resolve) => setTimeout(resolve, 1));
			}
		}
	}

	#wakeNext(): boolean {
		let next = 0;
		for (const [index, sleeper] of this.#sleepers.entries()) {
			const best = this.#sleepers[next] as Sleeper;
			if (sleeper.at < best.at || (sleeper.at === best.at && sleeper.order < best.order)) next = index;
		}
		const [sleeper] = this.#sleepers.splice(next, 1);
		if (!sleeper) return false;
		this.#now = Math.max(this.#now, sleeper.at);
		sleeper.wake();
		return true;
	}
}
