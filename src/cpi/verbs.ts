import type { CallOptions, Cpi } from "./cpi.ts";

export type Verb = Exclude<keyof Cpi, "info" | "close">;

/** What a decorator does around each call of a verb; `next` makes the call, with options of the decorator's choice. */
export type Around = <Result>(
	verb: Verb,
	options: CallOptions,
	next: (options: CallOptions) => Promise<Result>,
) => Promise<Result>;

/** Every verb there is, or this does not compile; a CPI may lack `consoleLog`, `resourcesOf` and `quotas`. */
const all: Readonly<Record<Verb, true>> = {
	createStemcell: true,
	deleteStemcell: true,
	createVm: true,
	deleteVm: true,
	hasVm: true,
	rebootVm: true,
	setVmMetadata: true,
	consoleLog: true,
	createDisk: true,
	deleteDisk: true,
	hasDisk: true,
	attachDisk: true,
	detachDisk: true,
	resizeDisk: true,
	setDiskMetadata: true,
	snapshotDisk: true,
	deleteSnapshot: true,
	getDisks: true,
	calculateVmCloudProperties: true,
	resourcesOf: true,
	quotas: true,
	list: true,
	find: true,
};

export const verbs = Object.keys(all) as readonly Verb[];

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
