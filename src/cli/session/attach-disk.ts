import type { ApplyContext } from "../../apply/context.ts";
import { observe } from "../../apply/observe.ts";
import type { DiskCid } from "../../cpi/cpi.ts";
import { problem, UserError } from "../../errors.ts";
import { attachDiskProblems, noDisk, whichDisk } from "../../plan/attach-disk-problems.ts";
import { diffInstance, type InstanceDiff } from "../../plan/diff-instance.ts";
import { disksOf } from "../../plan/named-disks.ts";
import { dueDeploy, planAttachDisk } from "../../plan/plan-attach-disk.ts";
import type { InstanceName, Plan } from "../../plan/step.ts";
import type { DiskRecord } from "../../state/state.ts";
import { applyContext } from "./apply-context.ts";
import type { DeploymentRun } from "./deployment-run.ts";
import { type DesiredState, desiredState } from "./desired-state.ts";
import { packageSources } from "./package-blobs.ts";

export interface AttachDiskRequest {
	readonly instance: InstanceName;
	readonly cid: string;
	/** Which of the group's `persistent_disks` it is to be, as it was given. */
	readonly name: string | undefined;
	readonly skipDrain: boolean;
	/** What is not known of the disk is as of the one that it replaces; a disk that is in no record is taken, too. */
	readonly copyProperties: boolean;
}

export interface PreparedAttachDisk {
	readonly plan: Plan;
	readonly applyContext: ApplyContext;
	readonly close: () => Promise<void>;
}

/** Everything up to the plan. The instance is brought up as the last finished deploy wants it; throws if it needs a deploy first. */
export async function prepareAttachDisk(run: DeploymentRun, request: AttachDiskRequest): Promise<PreparedAttachDisk> {
	const { disk, as, known } = await attachableDisk(run, request);
	const state = await desiredState(run, { fixReleases: false });
	try {
		const diff = await diffOf(run, request, state);
		const plan = planAttachDisk({
			...{ deployment: run.inputs.deployment.name, diff, disk, as, skipDrain: request.skipDrain },
			sources: packageSources(run.packageBlobs),
		});
		// From here on it is an orphaned disk as others are, also for a run that goes on with what was cut short.
		if (!known) await run.store.write(run.lease.fence, [run.records.putDisk(disk)]);
		return { plan, applyContext: applyContext({ ...run, ...state }), close: state.close };
	} catch (error) {
		await state.close();
		throw error;
	}
}

/** The disk, if the instance can get it. Throws with everything that is in the way. */
async function attachableDisk(
	run: DeploymentRun,
	{ instance, cid, name: given, copyProperties }: AttachDiskRequest,
): Promise<{ readonly disk: DiskRecord; readonly as: string | undefined; readonly known: boolean }> {
	const { store, records, inputs, cpis, context } = run;
	const record = records.get(instance);
	const names = (await store.deployments()).map(({ name }) => name);
	const held = (await Promise.all(names.map((name) => store.read(name)))).flatMap(({ disks }) => disks);
	const orphans = await store.orphanedDisks();
	const called = [...orphans, ...held].filter((disk) => disk.cid === cid);
	const recorded = called.find(({ cpi }) => cpi === record.vm?.cpi) ?? called[0];
	const group = inputs.deployment.instanceGroups.find(({ name }) => name === record.group);
	const as = whichDisk(group, recorded, given);
	const had = disksOf(record).find(({ name }) => name === as)?.disk;
	const replaced = copyProperties && had !== undefined ? records.disk(had) : undefined;
	const disk = replaced ? likeDisk(cid as DiskCid, recorded, replaced, context.clock.now()) : recorded;
	const problems = attachDiskProblems({ instance: record, group, cid, as, disk, orphans });
	if (problems.length > 0 || !disk) throw new UserError(problems);
	if (await cpis.get(disk.cpi).hasDisk(disk.cid, { signal: context.signal, deadlineMs: 60_000 }))
		return { disk, as, known: recorded !== undefined };
	if (!recorded) throw new UserError(noDisk(cid, orphans));
	throw new UserError(
		problem("disk-gone", `disk ${cid} is recorded, but CPI "${disk.cpi}" has it no more`, {
			hint: "it was deleted at the cloud: restore it there from a snapshot, or choose another",
		}),
	);
}

/** What is not known of a disk, or nothing is, as it is of the one that it replaces. */
function likeDisk(cid: DiskCid, known: DiskRecord | undefined, replaced: DiskRecord, now: number): DiskRecord {
	const { copyOf: _, cannotGrow: __, fileSystem: ___, ...like } = replaced;
	const { cloudProperties } = replaced;
	if (known) return { ...(cloudProperties === undefined ? {} : { cloudProperties }), ...known };
	// It may hold data: it is never formatted.
	return { ...like, cid, key: cid, mounted: true, orphanedAt: now };
}

async function diffOf(
	{ store, records, cpis, machines, context, inputs }: DeploymentRun,
	{ instance }: AttachDiskRequest,
	{ desired }: DesiredState,
): Promise<InstanceDiff> {
	const wanted = desired.find(({ name }) => name === instance);
	if (!wanted) throw deployFirst(instance, "the manifest of the last finished deploy has no such service instance");
	const observed = await observe({
		owner: { store: store.uuid, deployment: inputs.deployment.name },
		instances: [records.get(instance)],
		cpis: new Map([[wanted.shape.cpi, cpis.get(wanted.shape.cpi)]]),
		connect: machines.connect,
		clock: context.clock,
		signal: context.signal,
	});
	const canResize = (cpi: string) => cpis.get(cpi).info().can.resizeDisk;
	const diff = diffInstance(wanted, observed, { fix: false, recreate: false, restart: false, canResize });
	const due = dueDeploy(diff);
	if (due.length === 0) return diff;
	const why = due.map(({ reason, detail }) => (detail ? `${reason}: ${detail}` : reason)).join(", ");
	throw deployFirst(instance, why);
}

function deployFirst(instance: InstanceName, why: string): UserError {
	return new UserError(
		problem("deploy-first", `${instance} is not as its manifest wants it (${why})`, {
			hint: "davit deploy mends it (with --fix if its VM does not answer); attach the disk then",
		}),
	);
}
