import type { AppliedRecord } from "../state/state.ts";
import type { DesiredInstance, DesiredJob } from "./desired.ts";
import type { Reason } from "./step.ts";

/** True if the job's properties, links or templates' results differ from what it was last brought to. */
export function isConfiguredAnew({ job, input, output }: DesiredJob, { jobs }: AppliedRecord): boolean {
	const former = jobs[job.name];
	return former?.input !== input && former?.output !== output;
}

/** Names of packages that are new on the instance, or other than before. */
export function changedPackages({ packages, record }: DesiredInstance): readonly string[] {
	return packages.filter(({ name, key }) => record?.applied?.packages[name] !== key).map(({ name }) => name);
}

/** Reasons that say which jobs they concern. */
const OF_JOBS: ReadonlySet<Reason> = new Set(["job", "configuration", "packages"]);

/**
 * With `update.restart: changed`, the jobs that an update has to stop: those that are no longer wanted, other than before, or that use a
 * package which is. Undefined where it has to stop all: by the manifest, for a reason that concerns the whole instance, or since an older davit did not
 * note which checks are whose.
 */
export function changedJobs(desired: DesiredInstance, reasons: readonly Reason[]): readonly string[] | undefined {
	const { record, group } = desired;
	const applied = record?.applied;
	if (group.update.restart !== "changed" || !applied || !reasons.every((reason) => OF_JOBS.has(reason)))
		return undefined;
	if (Object.values(applied.jobs).some(({ checks }) => checks === undefined)) return undefined;
	const wanted = new Map(desired.jobs.map((job) => [job.job.name, job]));
	const packages = new Set(changedPackages(desired));
	return Object.entries(applied.jobs).flatMap(([name, former]) => {
		const job = wanted.get(name);
		const stays =
			job !== undefined &&
			job.job.fingerprint === former.fingerprint &&
			!isConfiguredAnew(job, applied) &&
			!job.job.packages.some((used) => packages.has(used));
		return stays ? [] : [name];
	});
}
