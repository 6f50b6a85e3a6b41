import { type Problem, problem } from "../errors.ts";
import type { Deployment } from "../manifest/deployment.ts";
import { canonicalName } from "./names.ts";

/** Names that make no DNS label, and groups whose names are the same as labels. */
export function nameProblems(deployment: Deployment): readonly Problem[] {
	const groups = deployment.instanceGroups.map(({ name, networks }, index) => {
		const path = `/instance_groups/${index}`;
		return { name, path, networks: networks.map((network, at) => [network.name, `${path}/networks/${at}`] as const) };
	});
	// Of a network that several groups name, the first of them.
	const networks = new Map(groups.flatMap((group) => group.networks).toReversed());
	const bad = [
		["deployment", deployment.name, ""] as const,
		...groups.map(({ name, path }) => ["instance group", name, path] as const),
		...[...networks].toReversed().map(([name, path]) => ["network", name, path] as const),
	].filter(
		([, name]) => !/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(canonicalName(name)) || canonicalName(name).length > 63,
	);
	const alike = new Map<string, string>();
	const twins = groups.filter(({ name }) => {
		const canonical = canonicalName(name);
		const first = alike.get(canonical) ?? name;
		alike.set(canonical, first);
		return first !== name;
	});
	return [
		...bad.map(([kind, name, path]) =>
			problem("name-not-dns", `${kind} "${name}" makes no part of a DNS name ("${canonicalName(name)}")`, {
				place: { path: `${path}/name` },
				hint: "use at most 63 letters, digits, hyphens and underscores; begin and end with a letter or digit",
			}),
		),
		...twins.map(({ name, path }) =>
			problem("names-alike", `instance group "${name}" has the same DNS name as another: "${canonicalName(name)}"`, {
				place: { path: `${path}/name` },
				hint: "in DNS names case doesn't count, and _ is the same as -: rename one of them",
			}),
		),
	];
}
