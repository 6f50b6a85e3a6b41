import { type Place, type Problem, problem, warning } from "../errors.ts";
import type { ProvideAlias } from "../manifest/deployment.ts";
import { pathOf } from "../manifest/path.ts";
import type { LinkGroup, LinkProvider } from "./link-providers.ts";

/** An alias as the manifest gives it to a link that a group's job provides. */
export interface DeclaredAlias {
	readonly group: string;
	readonly job: string;
	/** Where the manifest has it. */
	readonly place?: Place;
	readonly alias: ProvideAlias;
}

/** {@link aliasProblems} of links that releases describe. */
export function linkAliasProblems(
	groups: readonly LinkGroup[],
	providers: readonly LinkProvider[],
): readonly Problem[] {
	return aliasProblems(
		groups.map(({ group, jobs }) => ({ group: group.name, jobs: jobs.map(({ job }) => job.name) })),
		providers.flatMap(({ from, job, originalName, aliases }) => {
			const path = from.jobs.find(({ ref }) => ref.name === job)?.path ?? "";
			const place = { path: `${path}${pathOf(["provides", originalName, "aliases"])}` };
			return aliases.map((alias) => ({ group: from.group.name, job, place, alias }));
		}),
	);
}

/** Aliases that can't work: on VMs without bosh-dns nothing resolves them, and a placeholder needs its `_`. `groups` have their jobs' names. */
export function aliasProblems(
	groups: readonly { readonly group: string; readonly jobs: readonly string[] }[],
	declared: readonly DeclaredAlias[],
): readonly Problem[] {
	const without = groups.filter(({ jobs }) => !jobs.includes("bosh-dns")).map(({ group }) => `"${group}"`);
	const shown = declared.map(({ group, job, alias }) => `"${alias.domain}" (${group}/${job})`);
	const placeless = declared.filter(
		({ alias }) => alias.placeholderType !== undefined && !alias.domain.startsWith("_."),
	);
	return [
		...aliasJobProblems(groups),
		...placeless.map(({ group, job, place, alias }) =>
			problem(
				"alias-placeholder",
				`${group}: job "${job}": alias "${alias.domain}" has placeholder_type "${alias.placeholderType}" and no placeholder`,
				{ ...(place ? { place } : {}), hint: `write the placeholder as the first label: "_.${alias.domain}"` },
			),
		),
		...(declared.length === 0 || without.length === 0
			? []
			: [
					problem(
						"alias-without-dns",
						`aliases are declared, and nothing resolves them on the VMs of ${without.join(", ")}, which have no bosh-dns job: ${shown.join(", ")}`,
						{
							...(declared[0]?.place ? { place: declared[0].place } : {}),
							hint: "add job bosh-dns of release bosh-dns to those groups, best as an addon; or remove the aliases",
						},
					),
				]),
	];
}

/** The job of bosh-dns-aliases-release only writes a file that bosh-dns reads; BOSH takes it without. */
function aliasJobProblems(
	groups: readonly { readonly group: string; readonly jobs: readonly string[] }[],
): readonly Problem[] {
	const without = groups.filter(({ jobs }) => jobs.includes("bosh-dns-aliases") && !jobs.includes("bosh-dns"));
	if (without.length === 0) return [];
	const names = without.map(({ group }) => `"${group}"`).join(", ");
	const message = `job bosh-dns-aliases gives names, and nothing answers for them on the VMs of ${names}, which have no bosh-dns job`;
	const hint =
		"add bosh-dns, best by a runtime config (--runtime-config) whose include: deployments names this deployment";
	return [warning("alias-without-dns", message, { hint })];
}
