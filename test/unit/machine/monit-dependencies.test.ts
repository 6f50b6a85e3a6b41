import { expect, test } from "vitest";
import { parseMonit } from "../../../src/machine/monit.ts";
import { checkProblems } from "../../../src/machine/monit-dependencies.ts";

const checks = (job: string, ...names: readonly string[]) =>
	parseMonit(
		names
			.map((each) => {
				const [name, ...on] = each.split(" ");
				return `check process ${name} with pidfile /${name}\n${on.length > 0 ? `depends on ${on.join(", ")}\n` : ""}`;
			})
			.join(""),
		{ release: "r", job, file: "monit" },
	).checks;
const told = (...all: readonly (readonly string[])[]) =>
	checkProblems(all.flatMap(([job = "", ...names]) => checks(job, ...names))).map(
		({ place, message, hint }) => `${place?.file}:${place?.line}: ${message} (${hint})`,
	);

test("checks of several jobs may depend on each other, also in a diamond", () => {
	expect(told(["one", "a", "b a"], ["two", "c a", "d b c"])).toEqual([]);
});

test("names twice, unknown names and circles are told with both places", () => {
	expect(told(["one", "a", "x"], ["two", "x", "b gone"])).toEqual([
		"r/two/monit:1: the check x is also in r/one/monit:3 (two jobs with one name for a process can't share a VM)".replace(
			":3",
			":2",
		),
		"r/two/monit:2: b depends on gone, which no job of this VM checks (mend the name, or add the job to the instance group)",
	]);
	expect(told(["one", "a b", "b c", "c a", "self self", "d a"])).toEqual([
		"r/one/monit:1: a depends on b depends on c depends on a (take one of these `depends on` out)",
		"r/one/monit:7: self depends on self (take one of these `depends on` out)",
	]);
});
