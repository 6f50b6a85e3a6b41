import type { Problem } from "../errors.ts";
import type { ConsumeRef, JobRef } from "../manifest/deployment.ts";
import { aliasProblems, type DeclaredAlias } from "./alias-problems.ts";

/** A link as the manifest tells it; which links a job has besides, only its release knows. */
export interface ManifestLink {
	/** `database/postgres` */
	readonly consumer: string;
	readonly link: string;
	/** Blocked, given by hand, of another deployment, the provider `group/job`, or one that the release must tell. */
	readonly from:
		| "blocked"
		| "manual"
		| { readonly deployment: string; readonly name: string }
		| { readonly provider: string; readonly network?: string }
		| { readonly unknown: "release"; readonly name: string };
}

interface Jobs {
	readonly group: string;
	readonly jobs: readonly JobRef[];
}

/** The links that the manifest speaks of, and the aliases that nothing would resolve. */
export function manifestLinks(
	groups: readonly Jobs[],
	deployment: string,
): { readonly links: readonly ManifestLink[]; readonly problems: readonly Problem[] } {
	const providers = new Map(groups.flatMap((group) => group.jobs.flatMap((job) => namesOf(group.group, job))));
	const links = groups.flatMap(({ group, jobs }) =>
		jobs.flatMap((job) =>
			Object.entries(job.consumes).map(([link, wish]): ManifestLink => {
				const from = wish === "nil" ? "blocked" : sourceOf(link, wish, providers, deployment);
				return { consumer: `${group}/${job.name}`, link, from };
			}),
		),
	);
	const named = groups.map(({ group, jobs }) => ({ group, jobs: jobs.map(({ name }) => name) }));
	return { links, problems: aliasProblems(named, groups.flatMap(aliasesOf)) };
}

function aliasesOf({ group, jobs }: Jobs): readonly DeclaredAlias[] {
	return jobs.flatMap(({ name, provides }) =>
		Object.values(provides).flatMap((provide) =>
			provide === "nil" ? [] : (provide.aliases ?? []).map((alias) => ({ group, job: name, alias })),
		),
	);
}

/** Names that the manifest itself gives to links: by `as`, and those of custom providers. */
function namesOf(group: string, { name, provides, customProviderDefinitions }: JobRef): [string, string][] {
	const renamed = Object.values(provides).flatMap((provide) => (provide === "nil" ? [] : (provide.as ?? [])));
	const own = customProviderDefinitions.flatMap((custom) => (provides[custom.name] === undefined ? custom.name : []));
	return [...renamed, ...own].map((each) => [each, `${group}/${name}`]);
}

function sourceOf(
	link: string,
	{ from, deployment, network, manual }: ConsumeRef,
	providers: ReadonlyMap<string, string>,
	own: string,
): ManifestLink["from"] {
	if (manual) return "manual";
	const name = from?.split(".").at(-1) ?? link;
	if (deployment !== undefined && deployment !== own) return { deployment, name };
	const provider = providers.get(name);
	if (provider === undefined) return { unknown: "release", name };
	return network === undefined ? { provider } : { provider, network };
}
