/** At most `limit` holders at once; the others wait in order. */
export interface Limiter {
	/** Resolves with the function that gives the place back, or rejects with the signal's reason. */
	acquire(signal: AbortSignal): Promise<() => void>;
	readonly active: number;
	/** Nobody is in and nobody waits. */
	readonly idle: boolean;
	/** Fewer places than before, when the other side turned out to allow fewer. Never below one. */
	lower(limit: number): void;
}

export function createLimiter(limit: number): Limiter {
	let places = limit;
	let active = 0;
	const waiting = new Set<() => void>();

	const next = () => {
		for (const enter of waiting) {
			if (active >= places) return;
			waiting.delete(enter);
			enter();
		}
	};
	const take = () => {
		active += 1;
		let held = true;
		return () => {
			if (!held) return;
			held = false;
			active -= 1;
			next();
		};
	};
	return {
		get active() {
			return active;
		},
		get idle() {
			return active === 0 && waiting.size === 0;
		},
		lower(fewer) {
			places = Math.max(1, Math.min(places, fewer));
		},
		acquire(signal) {
			if (signal.aborted) return Promise.reject(signal.reason);
			if (active < places && waiting.size === 0) return Promise.resolve(take());
			return new Promise((resolve, reject) => {
				const abandon = () => {
					waiting.delete(enter);
					reject(signal.reason);
				};
				const enter = () => {
					signal.removeEventListener("abort", abandon);
					resolve(take());
				};
				signal.addEventListener("abort", abandon, { once: true });
				waiting.add(enter);
			});
		},
	};
}
