import type { Cloud } from "../../manifest/cloud.ts";
import type { Use } from "../../plan/uses.ts";
import type { SqliteStore } from "../../state/sqlite.ts";
import type { CliContext } from "../command.ts";
import { recordedInputs } from "./manifest.ts";
import { openKey } from "./store.ts";

/** What a recorded deployment uses, and the clouds that it is on. */
export interface RecordedUse extends Use {
	/** Of the last finished deploy, and of one that has not finished. */
	readonly clouds: readonly Cloud[];
}

/** Of those deployments that are recorded; all of them, if none is named. */
export async function recordedUses(
	store: SqliteStore,
	context: CliContext,
	names?: readonly string[],
): Promise<readonly RecordedUse[]> {
	const records = (await store.deployments()).filter(({ name }) => names?.includes(name) ?? true);
	if (records.length === 0) return [];
	const key = await openKey(context, store);
	const uses: RecordedUse[] = [];
	for (const record of records) {
		const { name, unfinished, releases } = record;
		const all = [record, ...(unfinished ? [{ ...record, ...unfinished }] : [])].map((each) =>
			recordedInputs(each, key),
		);
		const { instances } = await store.read(name);
		uses.push({
			deployment: name,
			clouds: all.map(({ cloud }) => cloud),
			unfinished: unfinished !== undefined,
			stemcells: all.flatMap(({ deployment }) =>
				deployment.stemcells.map(({ os, name: line, version }) => ({ os: os ?? line ?? "", version })),
			),
			releaseRefs: all.flatMap(({ deployment }) => deployment.releases),
			releases,
			vmStemcells: instances.flatMap(({ vm }) => vm?.shape.stemcell ?? []),
			vmPackages: new Set(instances.flatMap(({ applied }) => Object.values(applied?.packages ?? {}))),
		});
	}
	return uses;
}
