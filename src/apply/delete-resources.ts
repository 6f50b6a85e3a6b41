import type { Cpi, DiskCid, SnapshotCid, StemcellCid } from "../cpi/cpi.ts";
import { type Problem, problem, UserError } from "../errors.ts";
import type { StateStore } from "../state/state.ts";
import { callOptions, effect } from "./context.ts";
import { problemsOf } from "./problems-of.ts";
import { type Telling, tellStep } from "./told-step.ts";

/** Something at a cloud that is to go. */
export interface Deletion {
	readonly kind: "disk" | "snapshot" | "stemcell";
	readonly cid: string;
	/** The name of its CPI, and the CPI. */
	readonly cpi: string;
	readonly at: Cpi;
	/** For people: `disk disk-1 of db/0 of cf`. */
	readonly title: string;
}

export interface DeletionContext extends Telling {
	readonly store: StateStore;
}

/** Deletes one after the other, as steps of the task. Throws a UserError with all that could not be deleted; the others are gone by then. */
export async function deleteResources(deletions: readonly Deletion[], context: DeletionContext): Promise<void> {
	const problems: Problem[] = [];
	for (const deletion of deletions) {
		const { kind, cid, title } = deletion;
		await context.task.begin();
		const step = { id: `delete-${kind} ${cid}`, kind: `delete-${kind}`, title: `Deleting ${title}`, object: cid };
		try {
			await tellStep(step, context, () => deleteOne(deletion, context));
		} catch (error) {
			const known = problemsOf(error, undefined);
			if (!known || context.signal.aborted) throw error;
			problems.push(...known);
		}
	}
	if (problems.length > 0) throw new UserError(problems);
}

const VERBS = { disk: "deleteDisk", snapshot: "deleteSnapshot", stemcell: "deleteStemcell" } as const;

async function deleteOne(deletion: Deletion, context: DeletionContext): Promise<void> {
	const { kind, cid, cpi } = deletion;
	const verb = VERBS[kind];
	const { openIntents } = await context.store.read(context.deployment);
	const begun = openIntents.find((intent) => intent.verb === verb && intent.key === cid)?.id;
	if (kind === "disk" && begun === undefined) await requireDisk(deletion, context);
	await effect(
		context,
		{ verb, key: cid, data: { cpi }, ...(begun === undefined ? {} : { begun }) },
		() => callDelete(deletion, context),
		() => (kind === "disk" ? [{ delete: "disk", cid: cid as DiskCid }] : []),
	);
}

function callDelete({ kind, cid, at }: Deletion, context: DeletionContext): Promise<void> {
	const options = callOptions(context);
	if (kind === "disk") return at.deleteDisk(cid as DiskCid, options);
	if (kind === "snapshot") return at.deleteSnapshot(cid as SnapshotCid, options);
	return at.deleteStemcell(cid as StemcellCid, options);
}

/** A disk that its cloud has not may be at another, which the cloud file of that name has by now: it stays recorded. */
async function requireDisk({ cid, cpi, at }: Deletion, context: DeletionContext): Promise<void> {
	if (await at.hasDisk(cid as DiskCid, callOptions(context))) return;
	const hint = `name the cloud file that ${context.deployment} was deployed with: --cloud`;
	throw new UserError(
		problem("disk-gone", `disk ${cid}: CPI "${cpi}" has no such disk, so it stays recorded`, { hint }),
	);
}
