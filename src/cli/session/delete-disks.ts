import { join } from "node:path";
import { type Problem, problem, UserError } from "../../errors.ts";
import type { Cloud } from "../../manifest/cloud.ts";
import { interpolateManifest } from "../../manifest/interpolate-manifest.ts";
import { mergeConfigs } from "../../manifest/merge-configs.ts";
import { parseCloud } from "../../manifest/schema.ts";
import type { SqliteStore } from "../../state/sqlite.ts";
import type { DiskRecord, Lease } from "../../state/state.ts";
import { type CliContext, type Options, texts } from "../command.ts";
import { type Cpis, openCpis } from "./cpis.ts";
import { readText } from "./inputs.ts";
import { recordedInputs } from "./manifest.ts";
import { packageFolder } from "./package-folder.ts";
import { holderName, openKey } from "./store.ts";

/** The option that says where disks are whose deployment is gone. */
export const cloudOption = {
	flags: "--cloud <file>",
	about: "where the disks of a deployment are that is gone; repeatable (default: the embedded provider)",
	repeat: true,
} as const;

const DEADLINE_MS = 600_000;

/** What somebody is asked to agree to. */
export function deletionLine({ cid, instanceName, deployment, sizeMib }: DiskRecord): string {
	return `disk ${cid} of ${instanceName} of ${deployment} (${sizeMib} MiB) is deleted with its data`;
}

/** Deletes orphaned disks at their clouds, and forgets them; each deployment's under its lease. Throws with all that could not be deleted. */
export async function deleteDisks(
	disks: readonly DiskRecord[],
	store: SqliteStore,
	options: Options,
	context: CliContext,
): Promise<void> {
	const problems: Problem[] = [];
	for (const [deployment, own] of Map.groupBy(disks, (disk) => disk.deployment)) {
		const lease = await store.acquire(deployment, holderName("clean-up"));
		const cpis = await openCpis(await cloudOf(deployment, store, options, context), context);
		try {
			// What an instance has by now is nobody's to delete.
			const orphans = new Set((await store.orphanedDisks()).map(({ cid }) => cid));
			for (const disk of own) {
				if (!orphans.has(disk.cid)) continue;
				problems.push(...(await deleteDisk(disk, { cpis, store, lease, context })));
			}
		} finally {
			await cpis.close();
			await lease.release();
		}
	}
	if (problems.length > 0) throw new UserError(problems);
}

async function deleteDisk(
	disk: DiskRecord,
	{ cpis, store, lease, context }: { cpis: Cpis; store: SqliteStore; lease: Lease; context: CliContext },
): Promise<readonly Problem[]> {
	const { cid, deployment } = disk;
	const call = { signal: AbortSignal.any([context.signal, lease.signal]), deadlineMs: DEADLINE_MS };
	const cpi = cpis.all().get(disk.cpi);
	const hint = `name the cloud file that ${deployment} was deployed with: --cloud`;
	if (!cpi) return [problem("disk-elsewhere", `disk ${cid}: the cloud file has no CPI "${disk.cpi}"`, { hint })];
	const { openIntents } = await store.read(deployment);
	const begun = openIntents.find(({ verb, key }) => verb === "deleteDisk" && key === cid);
	if (!begun && !(await cpi.hasDisk(cid, call)))
		return [problem("disk-gone", `disk ${cid}: CPI "${disk.cpi}" has no such disk, so it stays recorded`, { hint })];
	const id = begun?.id ?? (await store.begin(lease.fence, { verb: "deleteDisk", key: cid, data: { cpi: disk.cpi } }));
	lease.check();
	await cpi.deleteDisk(cid, call);
	await store.finish(lease.fence, id, { ok: true, result: {} }, [{ delete: "disk", cid }]);
	context.emit({ type: "note", text: `deleted disk ${cid} of ${disk.instanceName} of ${deployment}` });
	return [];
}

/** The deployment's own, else what the option names. */
async function cloudOf(deployment: string, store: SqliteStore, options: Options, context: CliContext): Promise<Cloud> {
	const { deployment: record } = await store.read(deployment);
	if (record) return recordedInputs(record, await openKey(context, store)).cloud;
	const paths = texts(options, "cloud");
	const files = paths.length > 0 ? paths : [join(packageFolder(), "manifests/cloud/local.yml")];
	const read = await Promise.all(files.map((file) => readText(file, context, "cloud file")));
	const { cloud, problems } = parseCloud(mergeConfigs(read.map((text) => interpolateManifest({ manifest: text }))));
	const errors = problems.filter(({ severity }) => severity === "error");
	if (!cloud || errors.length > 0) throw new UserError(errors);
	return cloud;
}
