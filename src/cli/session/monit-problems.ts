import type { Problem } from "../../errors.ts";
import type { MonitFileChecks } from "../../machine/monit.ts";
import { checkProblems } from "../../machine/monit-dependencies.ts";
import { type JobMonitFiles, monitChecksOf } from "../../machine/monit-files.ts";
import type { DesiredInstance } from "../../plan/desired.ts";
import type { RenderBook } from "./render-book.ts";

/**
 * Checks that can't be supervised, and what is wrong between the checks of one VM; each once, whatever the number of instances.
 * Instances of which a job isn't rendered yet are asked about their single checks only.
 */
export function monitProblems(
	instances: readonly DesiredInstance[],
	renderBook: Pick<RenderBook, "rendered">,
): readonly Problem[] {
	const found = new Map<string, Problem>();
	const tell = (problem: Problem) => found.set(JSON.stringify([problem.message, problem.place]), problem);
	const read = new Map<string, MonitFileChecks>();
	const checksOf = (job: JobMonitFiles) => {
		const key = JSON.stringify([job.release, job.job, job.monit, job.extraMonit]);
		const known = read.get(key) ?? monitChecksOf(job);
		read.set(key, known);
		return known;
	};
	for (const instance of instances) {
		const files = renderBook.rendered(instance).map(checksOf);
		for (const problem of files.flatMap(({ problems }) => problems)) tell(problem);
		if (files.length < instance.jobs.length) continue;
		for (const problem of checkProblems(files.flatMap(({ checks }) => checks)))
			tell({ ...problem, message: `instance group "${instance.group.name}": ${problem.message}` });
	}
	return [...found.values()];
}
