import { type Problem, problem } from "../errors.ts";
import type { ReleaseJob, ReleasePackage } from "./release.ts";

/** Packages that jobs or other packages name and the release lacks. */
export function missingPackages(
	release: string,
	jobs: Iterable<Pick<ReleaseJob, "name" | "packages">>,
	packages: ReadonlyMap<string, Pick<ReleasePackage, "name" | "dependencies">>,
): Problem[] {
	const missing = (owner: string, names: readonly string[]): Problem[] =>
		names
			.filter((name) => !packages.has(name))
			.map((name) =>
				problem("no-package", `release ${release}: ${owner} needs the package ${name}, which the release lacks`, {
					hint: `packages there: ${[...packages.keys()].join(", ") || "none"}`,
				}),
			);
	return [
		...[...jobs].flatMap((job) => missing(`job ${job.name}`, job.packages)),
		...[...packages.values()].flatMap((item) => missing(`package ${item.name}`, item.dependencies)),
	];
}
