import { type Problem, problem } from "../errors.ts";
import type { Deployment } from "../manifest/deployment.ts";
import { canonicalName } from "./names.ts";

/** Names that make no DNS label, and groups whose names are the same as labels. */
export function nameProblems(deployment: Deployment): readonly Problem[] {
	const networks = new Set(deployment.instanceGroups.flatMap((group) => group.networks.map(({ name }) => name)));
	const groups = deployment.instanceGroups.map(({ name }) => name);
	const bad = [
		...[deployment.name].map((name) => ["deployment", name] as const),
		...groups.map((name) => ["instance group", name] as const),
		...[...networks].map((name) => ["network", name] as const),
	].filter(
		([, name]) => !/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(canonicalName(name)) || canonicalName(name).length > 63,
	);
	const alike = new Map<string, string>();
	const twins = groups.filter((name) => {
		const canonical = canonicalName(name);
		const first = alike.get(canonical) ?? name;
		alike.set(canonical, first);
		return first !== name;
	});
	return [
		...bad.map(([kind, name]) =>
			problem("name-not-dns", `${kind} "${name}" makes no part of a DNS name ("${canonicalName(name)}")`, {
				hint: "use at most 63 letters, digits, hyphens and underscores; begin and end with a letter or digit",
			}),
		),
		...twins.map((name) =>
			problem("names-alike", `instance group "${name}" has the same DNS name as another: "${canonicalName(name)}"`, {
				hint: "in DNS names case doesn't count, and _ is the same as -: rename one of them",
			}),
		),
	];
}
