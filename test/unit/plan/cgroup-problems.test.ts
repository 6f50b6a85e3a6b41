import { describe, expect, test } from "vitest";
import { type CgroupUse, cgroupProblems } from "../../../src/plan/cgroup-problems.ts";

const noble = { os: "ubuntu-noble", version: "1.5" };

function use(release: string, job: string, version: string, more: Partial<CgroupUse> = {}): CgroupUse {
	return {
		group: "cell",
		stemcell: noble,
		cgroups: "v2",
		jobs: [{ name: job, release: { name: release, version } }],
		...more,
	};
}

const told = (...uses: readonly CgroupUse[]) =>
	cgroupProblems(uses, (release) => `/releases/${release}/version`).map(
		({ code, message, place, hint }) => `${code} ${place?.path}: ${message}; ${hint}`,
	);

describe("releases on VMs with cgroup v2 alone", () => {
	test.each([
		["bpm", "bpm", "1.1.9"],
		["bpm", "bpm", "1.1"],
		["bpm", "bpm", "1.1.9+dev.3"],
		["bpm", "bpm", "0.6.0"],
		["garden-runc", "garden", "1.19.16"],
		["garden-runc", "garden", "1.9.6"],
	])("%s with job %s %s is refused", (release, job, version) => {
		expect(told(use(release, job, version))).toHaveLength(1);
	});

	test.each([
		["the first version that knows it", use("bpm", "bpm", "1.1.10")],
		["a newer one", use("garden-runc", "garden", "1.20.8")],
		["a development version", use("bpm", "bpm", "0+dev.1")],
		["a version that is no number", use("bpm", "bpm", "latest")],
		["another job of it", use("garden-runc", "thin", "1.19.16")],
		["another release's job of that name", use("own", "bpm", "1.0.0")],
		["a VM with cgroup v1", use("bpm", "bpm", "1.1.9", { cgroups: "v1" })],
		["a VM of which nothing is known", use("bpm", "bpm", "1.1.9", { cgroups: undefined })],
	])("%s passes", (_, given) => {
		expect(told(given)).toEqual([]);
	});

	test("one problem for each release and stemcell names the groups, what is needed, and where it stands", () => {
		const old = (group: string) => use("bpm", "bpm", "1.1.9", { group });
		expect(told(old("api"), old("cell"), old("cell"), use("garden-runc", "garden", "1.19.16"))).toMatchInlineSnapshot(`
			[
			  "release-needs-cgroup-v1 /releases/bpm/version: release bpm/1.1.9 can't run on ubuntu-noble/1.5 ("api", "cell"): those VMs have cgroup v2 alone, which it knows since 1.1.10; name bpm 1.1.10 or newer, or a stemcell with cgroup v1: BOSH's own up to ubuntu-jammy have it",
			  "release-needs-cgroup-v1 /releases/garden-runc/version: release garden-runc/1.19.16 can't run on ubuntu-noble/1.5 ("cell"): those VMs have cgroup v2 alone, which it knows since 1.19.26; name garden-runc 1.19.26 or newer, or a stemcell with cgroup v1: BOSH's own up to ubuntu-jammy have it",
			]
		`);
	});
});
