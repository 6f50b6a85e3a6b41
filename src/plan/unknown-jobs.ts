import { type Problem, problem } from "../errors.ts";
import type { Deployment, InstanceGroup, JobRef } from "../manifest/deployment.ts";
import { nearest } from "../manifest/nearest.ts";
import { pathOfJob } from "./manifest-path.ts";

/** A release, as far as the names of its jobs go. */
export interface ReleaseJobs {
	readonly name: string;
	readonly version: string;
	/** Names. */
	readonly jobs: readonly string[];
}

/** The groups' own jobs that their releases lack, of those releases that are known. */
export function unknownJobs(deployment: Deployment, releases: readonly ReleaseJobs[]): readonly Problem[] {
	return deployment.instanceGroups.flatMap((group) =>
		group.jobs.flatMap((ref) => {
			const release = releases.find(({ name }) => name === ref.release);
			if (!release || release.jobs.includes(ref.name)) return [];
			return [unknownJob(group, ref, release, `${pathOfJob(deployment, group, ref)}/name`)];
		}),
	);
}

/** A group's job that its release lacks. */
export function unknownJob(group: InstanceGroup, ref: JobRef, release: ReleaseJobs, path: string): Problem {
	const near = nearest(ref.name, release.jobs);
	const message = `instance group "${group.name}": release "${release.name}/${release.version}" has no job "${ref.name}"`;
	return problem("no-job", message, {
		place: { path },
		hint: near ? `did you mean "${near}"?` : `its jobs are ${[...release.jobs].sort().join(", ")}`,
	});
}
