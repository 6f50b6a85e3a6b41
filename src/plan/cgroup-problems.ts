import { type Problem, problem } from "../errors.ts";
import type { Cgroups } from "../stemcell/cgroups.ts";
import type { StemcellName } from "../stemcell/stemcell.ts";

/** The first versions whose processes start where the kernel offers cgroup v2 alone, by their change logs. */
const firstOnV2 = [
	{ release: "bpm", job: "bpm", version: "1.1.10" },
	{ release: "garden-runc", job: "garden", version: "1.19.26" },
] as const;

/** The jobs of one group, and what its VMs boot. `release.version` is the one that was opened. */
export interface CgroupUse {
	readonly group: string;
	readonly stemcell: StemcellName;
	/** Undefined: nobody knows before the VM is there. */
	readonly cgroups: Cgroups | undefined;
	readonly jobs: readonly {
		readonly name: string;
		readonly release: { readonly name: string; readonly version: string };
	}[];
}

/**
 * Releases that are too old for cgroup v2 on VMs that have nothing else, one problem for each release and stemcell. A development version
 * (`0+dev.1`) says nothing of what is in it, and passes. `places` gives where a release stands in the manifest.
 */
export function cgroupProblems(uses: readonly CgroupUse[], place: (release: string) => string): readonly Problem[] {
	const found = uses
		.filter(({ cgroups }) => cgroups === "v2")
		.flatMap(({ group, stemcell, jobs }) =>
			jobs.flatMap(({ name, release }) => {
				const first = firstOnV2.find((known) => known.release === release.name && known.job === name);
				if (!first || !isBefore(release.version, first.version)) return [];
				return [{ group, stemcell: `${stemcell.os}/${stemcell.version}`, release, first: first.version }];
			}),
		);
	const alike = Map.groupBy(found, ({ release, stemcell }) => `${release.name} ${stemcell}`);
	return [...alike.values()].map((same) => {
		const [{ release, stemcell, first }] = same as [(typeof found)[number]];
		const groups = [...new Set(same.map(({ group }) => `"${group}"`))].join(", ");
		return problem(
			"release-needs-cgroup-v1",
			`release ${release.name}/${release.version} can't run on ${stemcell} (${groups}): those VMs have cgroup v2 alone, which it knows since ${first}`,
			{
				place: { path: place(release.name) },
				hint: `name ${release.name} ${first} or newer, or a stemcell with cgroup v1: BOSH's own up to ubuntu-jammy have it`,
			},
		);
	});
}

/** Number by number; false where the version doesn't begin with numbers that were released. */
function isBefore(version: string, first: string): boolean {
	const numbers = (text: string) => (/^\d+(\.\d+)*/.exec(text)?.[0] ?? "0").split(".").map(Number);
	const own = numbers(version);
	if (own.every((number) => number === 0)) return false;
	for (const [index, wanted] of numbers(first).entries()) {
		const number = own[index] ?? 0;
		if (number !== wanted) return number < wanted;
	}
	return false;
}
