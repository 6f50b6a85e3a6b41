import { resolve } from "node:path";
import { z } from "zod";
import type { CpiSettings } from "../../src/cpi/cpi.ts";
import { localError } from "./errors.ts";

/** `one`: a single id, which root and vcap share. `range`: newuidmap's. `root`: all that davit itself has. */
export type Ids = "one" | "range" | "root";

const count = z.int().min(0).optional();

const properties = z.strictObject({
	/** Where VMs, disks and networks are kept; default `local` in davit's home. */
	folder: z.string().min(1).optional(),
	/** Forces a way to map user ids; default: the best that this machine allows. */
	ids: z.enum(["one", "range", "root"]).optional(),
	/** The program that makes namespaces; default: util-linux's `unshare`. */
	unshare: z.string().min(1).optional(),
	/** What all deployments in this folder may have together; `memory` and `disk` in MiB. Default: what they find. */
	quota: z.strictObject({ vms: count, vcpus: count, memory: count, disks: count, disk: count }).optional(),
});

export interface LocalConfig {
	readonly folder: string;
	readonly ids: Ids | undefined;
	readonly unshare: string | undefined;
	readonly quota: NonNullable<z.output<typeof properties>["quota"]>;
}

/** Reads the `properties` of a `local` CPI in the cloud file. */
export function readConfig(settings: CpiSettings): LocalConfig {
	const parsed = properties.safeParse(settings.properties);
	if (!parsed.success) {
		const problems = parsed.error.issues.map((issue) => `${issue.path.join("/") || "properties"}: ${issue.message}`);
		throw localError("invalid", "info", `CPI ${settings.name} (local): ${problems.join("; ")}`);
	}
	const folder = resolve(parsed.data.folder ?? `${settings.home}/local`);
	// Mount options and line-based files carry this path.
	if (/[\n\t,:\\]/.test(folder))
		throw localError("invalid", "info", `the folder of the embedded provider can't be ${JSON.stringify(folder)}`, {
			hint: "choose one (properties.folder, or DAVIT_HOME) without a comma, a colon, a backslash, a tab or a line break",
		});
	return { folder, ids: parsed.data.ids, unshare: parsed.data.unshare, quota: parsed.data.quota ?? {} };
}
