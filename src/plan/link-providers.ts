import { type Problem, problem, warning } from "../errors.ts";
import type { InstanceGroup, ProvideAlias, ValueMap } from "../manifest/deployment.ts";
import { nearest } from "../manifest/nearest.ts";
import { pathOf } from "../manifest/path.ts";
import type { LinkProvide, ReleaseJob } from "../release/release.ts";
import { findProperty, setProperty } from "../template/properties.ts";
import type { JobUse, PlacedInstance } from "./placed.ts";

/** A group with everything that takes part in its links: addon jobs are among `jobs`. */
export interface LinkGroup {
	readonly group: InstanceGroup;
	readonly jobs: readonly JobUse[];
	readonly instances: readonly PlacedInstance[];
}

/** What makes up a link, whoever consumes it. Plain data. */
export interface OfferedLink {
	/** As the manifest renames it (`as`), else as the job's spec has it. */
	readonly name: string;
	readonly type: string;
	/** May hold ((references)). */
	readonly properties: ValueMap;
	readonly aliases: readonly ProvideAlias[];
	readonly from: {
		readonly group: {
			readonly name: string;
			readonly networks: readonly Pick<InstanceGroup["networks"][number], "name" | "default">[];
		};
		readonly instances: readonly PlacedInstance[];
	};
}

/** One link that one job of one group offers. */
export interface LinkProvider extends OfferedLink {
	readonly from: LinkGroup;
	readonly job: string;
	readonly originalName: string;
	/** Other deployments may consume it. */
	readonly shared: boolean;
}

/** What may answer a consumer: of another deployment, and of a disk, less is known. */
export type LinkCandidate = OfferedLink & Partial<Pick<LinkProvider, "job" | "originalName">>;

/** The group's disks as links for its own jobs, which alone can reach them (bosh-director, links/disk_link.rb). */
export function diskLinks({ name, persistentDisks }: InstanceGroup): readonly OfferedLink[] {
	const from = { group: { name, networks: [] }, instances: [] };
	return persistentDisks.map((disk) => ({
		...{ name: disk.name, type: "disk", aliases: [], from },
		properties: { name: disk.name },
	}));
}

/** All links that the groups offer: those of the job specs and those that the manifest adds, less those it blocks with `nil`. */
export function linkProviders(groups: readonly LinkGroup[]): {
	readonly providers: readonly LinkProvider[];
	readonly problems: readonly Problem[];
} {
	const problems: Problem[] = [];
	const providers = groups.flatMap((from) => from.jobs.flatMap((use) => jobProviders(from, use, problems)));
	return { providers, problems };
}

function jobProviders(from: LinkGroup, use: JobUse, problems: Problem[]): LinkProvider[] {
	const { ref, job } = use;
	const where = `${from.group.name}: job "${ref.name}"`;
	problems.push(...definitionProblems(where, use));
	const offered: readonly LinkProvide[] = [...job.provides, ...ref.customProviderDefinitions];
	const given = ref.properties ?? from.group.properties;
	return offered.flatMap(({ name, type, properties }): LinkProvider[] => {
		const settings = ref.provides[name] ?? {};
		const exposed = exposedProperties(job, properties, given);
		for (const unknown of exposed.undeclared) problems.push(undeclaredProperty(where, use, name, unknown));
		if (settings === "nil") return [];
		return [
			{
				from,
				job: ref.name,
				name: settings.as ?? name,
				originalName: name,
				type,
				properties: exposed.properties,
				aliases: settings.aliases ?? [],
				shared: settings.shared === true,
			},
		];
	});
}

/** What the link shows of the providing job's properties: as given, else the default. */
function exposedProperties(job: ReleaseJob, names: readonly string[], given: ValueMap) {
	const properties: Record<string, unknown> = {};
	const undeclared: string[] = [];
	for (const name of names) {
		const declared = job.properties.get(name);
		const { value } = findProperty(given, name);
		if (value === undefined && !declared) undeclared.push(name);
		else setProperty(properties, name, value ?? declared?.default ?? null);
	}
	return { properties: properties as ValueMap, undeclared };
}

function definitionProblems(where: string, { ref, job, path }: JobUse): Problem[] {
	const custom = ref.customProviderDefinitions.map(({ name }) => name);
	const own = job.provides.map(({ name }) => name);
	const twice = custom.filter((name, position) => own.includes(name) || custom.indexOf(name) < position);
	const known = [...own, ...custom];
	const unknown = Object.keys(ref.provides).filter((name) => !known.includes(name));
	return [
		...twice.map((name) =>
			problem("link-provider-twice", `${where}: custom_provider_definitions: "${name}" is defined already`, {
				place: { path: `${path}/custom_provider_definitions/${custom.lastIndexOf(name)}` },
				hint: own.includes(name) ? `${job.specFile} provides it: choose another name` : "choose another name",
			}),
		),
		...unknown.map((name) => {
			const near = nearest(name, known);
			const hint = near ? `did you mean "${near}"?` : `it provides ${known.join(", ") || "no link"}: remove the entry`;
			const place = { path: `${path}${pathOf(["provides", name])}` };
			return warning("link-provide-unknown", `${where}: provides: "${name}" is no link of this job`, { place, hint });
		}),
	];
}

function undeclaredProperty(where: string, { ref, job, path }: JobUse, link: string, name: string): Problem {
	const custom = ref.customProviderDefinitions.findIndex((definition) => definition.name === link);
	return problem(
		"link-property-undeclared",
		`${where}: link "${link}" exposes "${name}", which ${job.specFile} does not declare`,
		{
			place: { path: custom < 0 ? path : `${path}/custom_provider_definitions/${custom}` },
			hint: `declare it in ${job.specFile}, or take it out of the link's properties`,
		},
	);
}
