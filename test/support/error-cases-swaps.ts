import { located } from "../../src/cli/session/located.ts";
import { placeAndBuild } from "../../src/plan/place-and-build.ts";
import type { Release } from "../../src/release/release.ts";
import type { InstanceRecord } from "../../src/state/state.ts";
import { type Edit, type ErrorCase, edited, MANIFEST, read } from "./error-cases.ts";
import { deployed, group } from "./plan-fixtures.ts";

/** What a deploy of this release is told that gives the database another VM, under `vm_strategy: create-swap-delete`. */
function swapping(release: Release, edits: readonly Edit[], usedElsewhere: readonly string[] = []): ErrorCase {
	return () => {
		const strategy: Edit = ["  canaries: 1\n", "  canaries: 1\n  vm_strategy: create-swap-delete\n"];
		const { deployment, cloud, place, problems } = read({ manifest: edited(MANIFEST, [strategy, ...edits]) });
		if (!deployment || !cloud || problems.length > 0) return problems;
		const running = deployed(group("db"), 0).record as InstanceRecord;
		const nobody = () => undefined;
		const { built } = placeAndBuild(
			{
				...{ deployment, cloud, releases: new Map([[release.name, release]]), disks: [] },
				...{ stemcell: nobody, vmResources: nobody, cgroups: nobody, linksElsewhere: () => "no such deployment" },
			},
			{
				recorded: [{ ...running, ips: { private: "10.0.9.20" } }],
				...{ usedElsewhere: new Set(usedElsewhere), newId: () => "an-id", include: () => true },
				...{ recreated: () => true, untouched: () => false },
			},
		);
		return built.problems.map((problem) => located(problem, place));
	};
}

/** Why a group's VMs are deleted before the new ones are made all the same. */
export function notSwapped(release: Release): readonly ErrorCase[] {
	const byNames: Edit = ["variables:\n", "features: {use_dns_addresses: true}\nvariables:\n"];
	const private_ = "  - name: private\n";
	const postgres = "  - name: postgres\n    release: shop\n";
	return [
		swapping(release, []),
		swapping(release, [byNames, [private_, `${private_}    static_ips: [10.0.9.10]\n`]]),
		swapping(release, [byNames, [postgres, `${postgres}    provides: {database: {shared: true}}\n`]]),
		swapping(
			release,
			[byNames],
			Array.from({ length: 255 }, (_, last) => `10.0.9.${last}`),
		),
	];
}
