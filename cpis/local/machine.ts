import type { Ids } from "./config.ts";

/** The machine that VMs run on, as every part of this provider sees it. */
export interface Machine {
	/** Everything lies in here; an absolute path. */
	readonly folder: string;
	/** A way to map ids that the cloud file asks for. */
	readonly ids: Ids | undefined;
	/** util-linux's unshare, or davit's copy of it. */
	readonly unshare: string;
}
