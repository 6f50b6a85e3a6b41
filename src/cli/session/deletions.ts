import { type Deletion, deleteResources } from "../../apply/delete-resources.ts";
import { createTask } from "../../apply/task.ts";
import { type Problem, problem, UserError } from "../../errors.ts";
import type { SqliteStore } from "../../state/sqlite.ts";
import type { DiskRecord, Lease } from "../../state/state.ts";
import type { CliContext } from "../command.ts";
import type { Clouds } from "./clouds.ts";
import { actor, holderName } from "./store.ts";

/** A deletion, and the deployment whose task it is. */
export interface OwnedDeletion extends Deletion {
	readonly deployment: string;
}

/** What somebody is asked to agree to. */
export function deletionLine({ title, kind }: { readonly title: string; readonly kind: string }): string {
	return `${title} is deleted${kind === "disk" ? " with its data" : ""}`;
}

/** The deletion of an orphaned disk. Throws a UserError if the cloud has no such CPI. */
export function diskDeletion(
	{ cid, cpi, deployment, instanceName, sizeMib }: DiskRecord,
	clouds: Pick<Clouds, "of">,
): OwnedDeletion {
	const at = clouds.of(deployment, cpi);
	const title = `disk ${cid} of ${instanceName} of ${deployment} (${sizeMib} MiB)`;
	if (at) return { kind: "disk", cid, cpi, at, deployment, title };
	throw new UserError(
		problem("disk-elsewhere", `disk ${cid}: the cloud file has no CPI "${cpi}"`, {
			hint: `name the cloud file that ${deployment} was deployed with: --cloud`,
		}),
	);
}

/** Holds the leases of all these deployments during `work`: nobody else works on one of them. */
export async function withLeases<T>(
	verb: string,
	names: Iterable<string>,
	store: SqliteStore,
	work: (leases: ReadonlyMap<string, Lease>) => Promise<T>,
): Promise<T> {
	const leases = new Map<string, Lease>();
	try {
		for (const name of [...new Set(names)].sort()) leases.set(name, await store.acquire(name, holderName(verb)));
		return await work(leases);
	} finally {
		for (const lease of leases.values()) await lease.release();
	}
}

/** Deletes things at clouds, each deployment's in a task of its own. Throws a UserError with all that could not be deleted. */
export async function deleteOwned(
	verb: string,
	deletions: readonly OwnedDeletion[],
	{ store, leases, context }: { store: SqliteStore; leases: ReadonlyMap<string, Lease>; context: CliContext },
): Promise<void> {
	const problems: Problem[] = [];
	for (const [deployment, own] of Map.groupBy(deletions, (each) => each.deployment)) {
		const lease = leases.get(deployment);
		if (!lease) throw new Error(`the lease of ${deployment} is not held`);
		const { clock, emit } = context;
		const task = createTask({ command: verb, actor: actor(), store, lease, clock });
		const signal = AbortSignal.any([context.signal, lease.signal]);
		try {
			await deleteResources(own, { deployment, store, lease, task, actor: actor(), clock, emit, signal });
			await task.end(undefined);
		} catch (error) {
			await task.end(error);
			if (!(error instanceof UserError)) throw error;
			problems.push(...error.problems);
		}
	}
	if (problems.length > 0) throw new UserError(problems);
}
