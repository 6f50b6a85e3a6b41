import type { Problem } from "../../errors.ts";
import { parseMonit } from "../../machine/monit.ts";
import type { DesiredInstance } from "../../plan/desired.ts";
import type { RenderBook } from "./render-book.ts";

/** Checks that can't be supervised, once for each place in a release, whatever the number of instances. */
export function monitProblems(instances: readonly DesiredInstance[], renderBook: RenderBook): readonly Problem[] {
	const found = new Map<string, Problem>();
	for (const instance of instances) {
		for (const job of renderBook.rendered(instance)) {
			for (const problem of parseMonit(job.monit, { release: job.release, job: job.job, file: "monit" }).problems) {
				found.set(JSON.stringify([problem.message, problem.place]), problem);
			}
		}
	}
	return [...found.values()];
}
