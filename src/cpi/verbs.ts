import type { CallOptions, Cpi } from "./cpi.ts";

export type Verb = Exclude<keyof Cpi, "info" | "close">;

/** What a decorator does around each call of a verb; `next` makes the call, with options of the decorator's choice. */
export type Around = <Result>(
	verb: Verb,
	options: CallOptions,
	next: (options: CallOptions) => Promise<Result>,
) => Promise<Result>;

/** Every verb there is; a CPI may lack `consoleLog`. */
export const verbs: readonly Verb[] = [
	"createStemcell",
	"deleteStemcell",
	"createVm",
	"deleteVm",
	"hasVm",
	"rebootVm",
	"setVmMetadata",
	"consoleLog",
	"createDisk",
	"deleteDisk",
	"hasDisk",
	"attachDisk",
	"detachDisk",
	"resizeDisk",
	"setDiskMetadata",
	"snapshotDisk",
	"deleteSnapshot",
	"getDisks",
	"calculateVmCloudProperties",
	"list",
	"find",
];

type AnyVerb = (...args: unknown[]) => Promise<unknown>;

/** A CPI whose every verb goes through `around`. The options are each verb's last argument. */
export function aroundVerbs(cpi: Cpi, around: Around): Cpi {
	const wrapped = verbs.flatMap((verb) => {
		const inner = cpi[verb] as unknown as AnyVerb | undefined;
		if (!inner) return [];
		const outer: AnyVerb = (...args) => {
			const options = args.at(-1) as CallOptions;
			return around(verb, options, (changed) => inner.call(cpi, ...args.slice(0, -1), { ...options, ...changed }));
		};
		return [[verb, outer] as const];
	});
	return { ...cpi, ...(Object.fromEntries(wrapped) as unknown as Pick<Cpi, Verb>) };
}
