import type { SqliteStore } from "../../src/state/sqlite.ts";
import type { DavitProcess } from "./davit-process.ts";

const WRITES: readonly string[] = [
	"acquire",
	"write",
	"begin",
	"finish",
	"putVariables",
	"putCompiled",
	"deleteCompiled",
	"appendEvent",
	"adopt",
];

interface StoreParts {
	readonly davit: DavitProcess;
	/** What happens to the process around a write. */
	readonly fault: () => "kill-before-write" | "kill-after-write" | undefined;
	/** Told of each write before it is made and after; it may kill the process. */
	readonly cut: (side: "before" | "after") => void;
}

/** The real store, to which a davit that was killed writes no more. */
export function simulatedStore(store: SqliteStore, { davit, fault, cut }: StoreParts): SqliteStore {
	const through = (name: keyof SqliteStore) => {
		const method = store[name];
		if (typeof method !== "function") return [];
		const read = (args: readonly unknown[]) =>
			davit.act(() => (method as (...all: unknown[]) => unknown).apply(store, [...args]));
		const write = async (args: readonly unknown[]) => {
			const death = fault();
			cut("before");
			if (death === "kill-before-write") davit.kill();
			const result = await read(args);
			cut("after");
			if (death === "kill-after-write") davit.kill();
			await davit.alive();
			return result;
		};
		const call = (...args: readonly unknown[]) => (WRITES.includes(name) ? write(args) : read(args));
		return [[name, call] as const];
	};
	const names = Object.keys(store) as (keyof SqliteStore)[];
	return { ...store, ...Object.fromEntries(names.flatMap(through)) };
}
