/** Things that are made once and kept until they close: asked for by key, made by whoever asks first. */
export interface Kept<T> {
	/** The kept one, or the one that `make` makes. Several who ask at once share one making; it is aborted when none of them waits any more. */
	get(key: string, signal: AbortSignal, make: (signal: AbortSignal) => Promise<T>): Promise<T>;
	/** Forgets it without closing it: it is closed, or another owns it now. */
	forget(key: string, thing: T): void;
	peek(key: string): T | undefined;
	/** Closes all, and whatever is being made. */
	close(): void;
}

interface Making<T> {
	readonly result: Promise<T>;
	readonly abort: AbortController;
	waiting: number;
}

export function createKept<T extends Closable>(end: (thing: T) => void): Kept<T> {
	const things = new Map<string, T>();
	const makings = new Map<string, Making<T>>();
	const forget = (key: string, thing: T) => {
		if (things.get(key) === thing) things.delete(key);
	};

	const start = (key: string, make: (signal: AbortSignal) => Promise<T>): Making<T> => {
		const abort = new AbortController();
		const settle = () => {
			if (makings.get(key) === making) makings.delete(key);
		};
		const result = make(abort.signal).then(
			(thing) => {
				settle();
				if (abort.signal.aborted) {
					end(thing);
					throw abort.signal.reason;
				}
				things.set(key, thing);
				thing.once("close", () => forget(key, thing));
				return thing;
			},
			(error: unknown) => {
				settle();
				throw error;
			},
		);
		result.catch(() => {});
		const making: Making<T> = { result, abort, waiting: 0 };
		makings.set(key, making);
		return making;
	};

	return {
		forget,
		peek: (key) => things.get(key),
		get(key, signal, make) {
			if (signal.aborted) return Promise.reject(signal.reason);
			const kept = things.get(key);
			if (kept !== undefined) return Promise.resolve(kept);
			const making = makings.get(key) ?? start(key, make);
			return share(making, signal, () => {
				if (makings.get(key) === making) makings.delete(key);
			});
		},
		close() {
			for (const making of makings.values()) making.abort.abort(new Error("closed"));
			for (const thing of things.values()) end(thing);
			things.clear();
		},
	};
}

/** What can be kept tells when it has closed. */
export interface Closable {
	once(event: "close", listener: () => void): unknown;
}

async function share<T>(making: Making<T>, signal: AbortSignal, abandon: () => void): Promise<T> {
	making.waiting += 1;
	const left = Promise.withResolvers<never>();
	const leave = () => left.reject(signal.reason);
	signal.addEventListener("abort", leave, { once: true });
	try {
		return await Promise.race([making.result, left.promise]);
	} finally {
		signal.removeEventListener("abort", leave);
		making.waiting -= 1;
		if (making.waiting === 0 && signal.aborted) {
			abandon();
			making.abort.abort(signal.reason);
		}
	}
}
