import type { Records } from "../../apply/records.ts";
import type { Deployment } from "../../manifest/deployment.ts";
import type { InstanceName } from "../../plan/step.ts";

type Errand = {
	readonly errand: string;
	/** Instances; for a group of its own, that. */
	readonly runs_on: readonly string[];
};

/** The errands of a deployment, by name. */
export function errandsOf(records: Records, { instanceGroups }: Deployment): readonly Errand[] {
	const jobs = records
		.instances()
		.flatMap(({ applied }) => Object.entries(applied?.jobs ?? {}))
		.flatMap(([job, { files }]) => (files.includes("bin/run") ? [job] : []));
	const colocated = [...new Set(jobs)].map((errand) => ({ errand, runs_on: instancesWith(records, errand) }));
	const groups = instanceGroups
		.filter(({ lifecycle }) => lifecycle === "errand")
		.map(({ name, instances }) => ({
			errand: name,
			runs_on: [`${instances} VM${instances === 1 ? "" : "s"} of its own`],
		}));
	return [...colocated, ...groups].sort((a, b) => (a.errand < b.errand ? -1 : 1));
}

/** Where a job with bin/run is. */
export function instancesWith(records: Records, job: string): readonly InstanceName[] {
	return records
		.instances()
		.filter(({ applied }) => applied?.jobs[job]?.files.includes("bin/run"))
		.map(({ group, index }) => `${group}/${index}`)
		.sort();
}
