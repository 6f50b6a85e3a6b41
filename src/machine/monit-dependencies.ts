import { type Problem, problem } from "../errors.ts";
import type { Check } from "./monit-checks.ts";

const at = ({ release, job, file, line }: Check) => `${release}/${job}/${file}:${line}`;

/** What is wrong between the checks of one VM: a name twice, `depends on` an unknown check, or in a circle. monit refuses to start on each. */
export function checkProblems(checks: readonly Check[]): Problem[] {
	const byName = new Map<string, Check>();
	const problems: Problem[] = [];
	const fail = (check: Check, message: string, hint: string) =>
		problems.push(
			problem("monit-check", message, {
				place: { file: `${check.release}/${check.job}/${check.file}`, line: check.line },
				hint,
			}),
		);
	for (const check of checks) {
		const first = byName.get(check.name);
		if (first)
			fail(
				check,
				`the check ${check.name} is also in ${at(first)}`,
				"two jobs with one name for a process can't share a VM",
			);
		else byName.set(check.name, check);
	}
	for (const check of checks) {
		for (const name of check.dependsOn) {
			if (!byName.has(name))
				fail(
					check,
					`${check.name} depends on ${name}, which no job of this VM checks`,
					"mend the name, or add the job to the instance group",
				);
		}
		const circle = circleFrom(check, byName);
		if (circle) fail(check, `${circle.join(" depends on ")}`, "take one of these `depends on` out");
	}
	return problems;
}

/** The way from a check back to itself, told once for each circle: at its first name. */
function circleFrom(check: Check, byName: ReadonlyMap<string, Check>): string[] | undefined {
	const seen = new Set<string>();
	const walk = (name: string, way: readonly string[]): string[] | undefined => {
		if (way.length > 0 && name === check.name) return [...way, name];
		if (seen.has(name)) return undefined;
		seen.add(name);
		for (const next of byName.get(name)?.dependsOn ?? []) {
			const circle = walk(next, [...way, name]);
			if (circle) return circle;
		}
		return undefined;
	};
	const circle = walk(check.name, []);
	return circle?.every((name) => check.name <= name) ? circle : undefined;
}
