import { expect, test } from "vitest";
import { changedJobs } from "../../../src/plan/changed-jobs.ts";
import type { DesiredInstance, DesiredJob } from "../../../src/plan/desired.ts";
import type { Reason } from "../../../src/plan/step.ts";
import type { AppliedRecord } from "../../../src/state/state.ts";
import { releaseJob } from "../../support/links.ts";
import { deployed, group, update } from "../../support/plan-fixtures.ts";

const use = (name: string, key: string) => ({ name, release: "tiny", fingerprint: key, key, dependencies: [] });
const job = (name: string, more: Partial<DesiredJob> & { fingerprint?: string; packages?: readonly string[] } = {}) => {
	const { fingerprint = "f1", packages = [], ...rest } = more;
	return { job: releaseJob(name, { fingerprint, packages }), input: "i1", ...rest } as unknown as DesiredJob;
};
const applied = { release: "tiny", fingerprint: "f1", input: "i1", output: "o1", files: [] };

interface Case {
	readonly restart?: "all" | "changed";
	readonly jobs?: readonly DesiredJob[];
	readonly packages?: DesiredInstance["packages"];
	readonly reasons?: readonly Reason[];
	readonly former?: Partial<AppliedRecord["jobs"][string]>;
}

/** What has to stop of an instance that runs jobs a and b, b with package p. */
function stopped({ restart = "changed", jobs, packages, reasons = ["configuration"], former = {} }: Case) {
	const was = deployed(group("g", { update: update({ count: 1 }, { count: 1 }, { restart }) }), 0, {
		packages: [use("p", "p1")],
	});
	const record = was.record ?? expect.fail();
	const ran = { a: { ...applied, checks: ["a"] }, b: { ...applied, checks: ["b"], ...former } };
	return changedJobs(
		{
			...was,
			jobs: jobs ?? [job("a"), job("b", { packages: ["p"] })],
			packages: packages ?? was.packages,
			record: { ...record, applied: { ...(record.applied ?? expect.fail()), jobs: ran } },
		},
		reasons,
	);
}
const both = (of: DesiredJob, packages: readonly string[] = ["p"]) => [of, job("b", { packages })];

test.each<[string, Case, readonly string[] | undefined]>([
	["all, as BOSH does, unless the manifest says otherwise", { restart: "all" }, undefined],
	["none where nothing of them is other", {}, []],
	["one whose inputs and result are other", { jobs: both(job("a", { input: "i2", output: "o2" })) }, ["a"]],
	["none whose inputs render to the same", { jobs: both(job("a", { input: "i2", output: "o1" })) }, []],
	["one that waits for a variable", { jobs: both(job("a", { input: undefined as never })) }, ["a"]],
	["one of another version", { jobs: both(job("a", { fingerprint: "f2" })), reasons: ["job"] }, ["a"]],
	["one that is no longer wanted", { jobs: [job("b", { packages: ["p"] })], reasons: ["job"] }, ["a"]],
	["none for one that is new", { jobs: [...both(job("a")), job("c")], reasons: ["job"] }, []],
	["those that use a package which is other", { packages: [use("p", "p2")], reasons: ["packages"] }, ["b"]],
	["none for a package that nobody uses", { packages: [use("p", "p1"), use("q", "q1")], reasons: ["packages"] }, []],
	["all where the whole instance is concerned", { reasons: ["configuration", "persistent_disk"] }, undefined],
	["all after an update that did not finish", { reasons: ["dirty"] }, undefined],
	["all where nobody noted whose checks are whose", { former: { checks: undefined as never } }, undefined],
])("stops %s", (_, given, expected) => {
	expect(stopped(given)).toEqual(expected);
});
