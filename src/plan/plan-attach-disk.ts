import type { DiskRecord } from "../state/state.ts";
import type { InstanceDiff } from "./diff-instance.ts";
import { jobSteps, type StepData } from "./instance-steps.ts";
import { linked } from "./linked.ts";
import { disksOf } from "./named-disks.ts";
import type { InstanceDisk, PackageSource, Plan, Reason, Step } from "./step.ts";

export interface AttachDiskInput {
	readonly deployment: string;
	/** Of the instance that gets the disk: its VM is kept, and it wants a disk. */
	readonly diff: InstanceDiff;
	/** Orphaned; or the instance's own already, when an earlier run was cut short. */
	readonly disk: DiskRecord;
	/** Which of the group's `persistent_disks` it becomes. Undefined: the one at /var/vcap/store. */
	readonly as: string | undefined;
	readonly skipDrain: boolean;
	readonly sources: readonly PackageSource[];
}

/** What stopping an instance and bringing it up again sets right. */
const settled: ReadonlySet<Reason> = new Set(["dirty", "files", "process", "mount", "persistent_disk", "dns"]);

/** Reasons for which the instance needs a deploy before it can be given a disk. */
export function dueDeploy({ vm, reasons }: InstanceDiff): InstanceDiff["reasons"] {
	return reasons.filter(({ reason }) => vm !== "keep" || !settled.has(reason));
}

/**
 * Stops the instance, gives it the disk in the place of its own, and starts it: BOSH's `stop`, `attach-disk` and `start` in one
 * (bosh-director/jobs/attach_disk.rb). Empty if the instance has the disk and nothing of that is left to do.
 */
export function planAttachDisk(input: AttachDiskInput): Plan {
	const { deployment, diff, disk, as } = input;
	const { name, record, jobs } = diff.desired;
	const had = record && disksOf(record).find((each) => each.name === as);
	const postDeploy: StepData[] =
		jobs.length > 0 ? [{ kind: "post-deploy", jobs: jobs.map(({ job }) => job.name) }] : [];
	const attached = had?.disk === disk.cid;
	if (attached && !diff.reasons.some(({ reason }) => reason === "dirty" || reason === "mount")) {
		const steps = record?.applied?.postDeployed === false ? linked(postDeploy, name, []) : [];
		return { deployment, steps, changes: [] };
	}
	const render: Step = { kind: "render", id: "render", title: "Rendering templates", after: [], instances: [name] };
	const chain = [
		...installPackages(input),
		...swap(input, attached ? undefined : had, attached),
		...jobSteps(diff),
		...postDeploy,
	];
	const former = attached ? undefined : had?.disk;
	const what = as === undefined ? disk.cid : `${as}: ${disk.cid}`;
	const detail = former === undefined ? what : `${what} instead of ${former}`;
	return {
		deployment,
		steps: [render, ...linked(chain, name, [render.id])],
		changes: [{ instance: name, action: "update", reasons: [{ reason: "persistent_disk", detail }] }],
	};
}

/** The disk that it has is let go before the other is attached: both would be mounted at the same place. */
function swap(
	{ diff: { desired, reachable }, disk, as, skipDrain }: AttachDiskInput,
	former: InstanceDisk | undefined,
	attached: boolean,
): StepData[] {
	const { record } = desired;
	const jobs = Object.keys(record?.applied?.jobs ?? {});
	const stop: StepData[] =
		jobs.length > 0 ? [{ kind: "stop", jobs, next: "keep", drain: "shutdown", skipDrain, reachable }] : [];
	const detach: StepData[] =
		former && record?.vm ? [{ kind: "detach-disk", ...former, vm: record.vm.cid, cpi: record.vm.cpi }] : [];
	const { fileSystem = "", mountOptions = [] } = desired.disk ?? {};
	const unorphan = attached ? {} : { unorphan: disk };
	const attach: StepData =
		as === undefined
			? { kind: "attach-disk", fileSystem, mountOptions, ...unorphan }
			: { kind: "associate-disk", name: as, ...unorphan };
	return [...stop, ...detach, attach];
}

function installPackages({ diff: { desired }, sources }: AttachDiskInput): StepData[] {
	const { packages } = desired;
	return packages.length > 0 ? [{ kind: "install-packages", packages, sources }] : [];
}
