import { type Problem, problem } from "../errors.ts";
import type { Deployment, InstanceGroup, JobRef } from "../manifest/deployment.ts";
import { nearest } from "../manifest/nearest.ts";
import type { Release } from "../release/release.ts";
import { pathOfJob } from "./manifest-path.ts";

/** The groups' own jobs that their releases lack, of those releases that are at hand. */
export function unknownJobs(deployment: Deployment, releases: ReadonlyMap<string, Release>): readonly Problem[] {
	return deployment.instanceGroups.flatMap((group) =>
		group.jobs.flatMap((ref) => {
			const release = releases.get(ref.release);
			if (!release || release.jobs.has(ref.name)) return [];
			return [unknownJob(group, ref, release, `${pathOfJob(deployment, group, ref)}/name`)];
		}),
	);
}

/** A group's job that its release lacks. */
export function unknownJob(group: InstanceGroup, ref: JobRef, release: Release, path: string): Problem {
	const names = [...release.jobs.keys()];
	const near = nearest(ref.name, names);
	const message = `instance group "${group.name}": release "${release.name}/${release.version}" has no job "${ref.name}"`;
	return problem("no-job", message, {
		place: { path },
		hint: near ? `did you mean "${near}"?` : `its jobs are ${names.sort().join(", ")}`,
	});
}
