import { readFileSync } from "node:fs";
import { basename } from "node:path";
import type { Problem } from "../../src/errors.ts";
import type { Deployment, InstanceGroup, Value, ValueMap } from "../../src/manifest/deployment.ts";
import { interpolateManifest } from "../../src/manifest/interpolate-manifest.ts";
import { parseDeployment } from "../../src/manifest/schema.ts";
import { groupJobs } from "../../src/plan/group-jobs.ts";
import { resolveLinks } from "../../src/plan/links.ts";
import type { NameScheme } from "../../src/plan/names.ts";
import type { JobUse, PlacedInstance, PlacedNetwork } from "../../src/plan/placed.ts";
import { templateSpec } from "../../src/plan/spec.ts";
import type { ReleaseJob } from "../../src/release/release.ts";
import { jobProperties } from "../../src/template/properties.ts";
import type { TemplateSpec } from "../../src/template/render.ts";
import type { Checkout } from "./checkouts.ts";

/** A job as a manifest asks for it, on the first instance of a group. */
export interface ManifestJob {
	readonly group: string;
	readonly checkout: Checkout;
	readonly job: ReleaseJob;
	readonly spec: TemplateSpec;
}

export interface ManifestJobs {
	readonly name: string;
	readonly jobs: readonly ManifestJob[];
	/** `NAME/VERSION` of the manifest's releases that another version had to stand in for. */
	readonly otherVersion: readonly string[];
	/** Of which nothing is checked out. */
	readonly absent: readonly string[];
	readonly problems: readonly Problem[];
}

/**
 * Every job of a manifest, with the manifest's properties and links. Of what `variables:` would generate, a certificate is the one given, and all
 * else a text of its name.
 */
export function manifestJobs(file: string, checkouts: readonly Checkout[], certificate: ValueMap): ManifestJobs {
	const deployment = readDeployment(file, certificate);
	const problems: Problem[] = [];
	const byName = new Map(deployment.releases.map((ref) => [ref.name, findCheckout(ref, checkouts)]));
	const scheme: NameScheme = { deployment: deployment.name, features: deployment.features, azs: azsOf(deployment) };
	const groups = deployment.instanceGroups.map((group, number) => ({
		group,
		jobs: groupJobs(group, deployment, deployment.stemcells[0]?.os ?? "").flatMap((ref): JobUse[] => {
			const job = byName.get(ref.release)?.checkout.jobs.find(({ name }) => name === ref.name);
			return job ? [{ ref, job, path: "" }] : [];
		}),
		instances: Array.from({ length: Math.max(1, Number(group.instances)) }, (_, index) => placed(group, number, index)),
	}));
	const links = resolveLinks(scheme, groups);
	const jobs = groups.flatMap(({ group, jobs: uses, instances }) =>
		uses.flatMap(({ ref, job }): ManifestJob[] => {
			const checkout = byName.get(ref.release)?.checkout;
			const [first] = instances;
			if (!checkout || !first) return [];
			const { properties, problems: unfit } = jobProperties(job, ref.properties ?? group.properties);
			problems.push(...unfit);
			const release = { name: checkout.name, version: checkout.version };
			const input = { properties, links: links.of(group.name, ref.name), release, persistentDiskMib: 0 };
			return [{ group: group.name, checkout, job, spec: templateSpec(scheme, first, input) }];
		}),
	);
	const labels = (wanted: boolean | undefined) =>
		deployment.releases
			.filter(({ name }) => byName.get(name)?.exact === wanted)
			.map((ref) => `${ref.name}/${ref.version}`);
	return {
		name: basename(file, ".yml"),
		jobs,
		otherVersion: labels(false),
		absent: labels(undefined),
		problems: [...problems, ...links.problems],
	};
}

function readDeployment(file: string, certificate: ValueMap): Deployment {
	const manifest = { text: readFileSync(file, "utf8"), file: basename(file) };
	const bare = interpolateManifest({ manifest });
	const definitions =
		(bare.value as { readonly variables?: readonly { name: string; type: string }[] }).variables ?? [];
	const values = Object.fromEntries(
		definitions.map(({ name, type }) => [name, type === "certificate" ? certificate : generated(name, type)]),
	);
	const varsFiles = [{ text: JSON.stringify(values), file: "variables" }];
	const { deployment, problems } = parseDeployment(interpolateManifest({ manifest, variables: { varsFiles } }), "/");
	if (deployment) return deployment;
	throw new Error(problems.map(({ message }) => message).join("\n"));
}

function generated(name: string, type: string): Value {
	if (type === "password") return name;
	return { private_key: `private ${name}`, public_key: `public ${name}`, public_key_fingerprint: "00:11" };
}

/** The version that the manifest names, else one that begins as it does, else the newest that is there. */
function findCheckout(
	{ name, version }: { readonly name: string; readonly version: string },
	checkouts: readonly Checkout[],
): { readonly checkout: Checkout; readonly exact: boolean } | undefined {
	const named = checkouts.filter((checkout) => checkout.name === name);
	const exact = named.find((checkout) => checkout.version === version);
	const near = named.find((checkout) => checkout.version.startsWith(version.split("-")[0] ?? version));
	const checkout = exact ?? near ?? named.at(-1);
	return checkout && { checkout, exact: checkout === exact };
}

function azsOf({ instanceGroups }: Deployment): readonly string[] {
	return [...new Set(instanceGroups.flatMap(({ azs }) => azs))];
}

function placed(group: InstanceGroup, number: number, index: number): PlacedInstance {
	const networks = group.networks.map(({ name, default: defaults }, network): [string, PlacedNetwork] => [
		name,
		{
			type: "manual",
			ip: `10.${network}.${number}.${index + 1}`,
			prefix: 16,
			netmask: "255.255.0.0",
			gateway: `10.${network}.255.254`,
			dns: ["10.0.255.253"],
			default: group.networks.length === 1 ? ["dns", "gateway"] : defaults,
			cloudProperties: {} satisfies ValueMap,
		},
	]);
	const [first] = networks;
	const own = networks.find(([, { default: defaults }]) => defaults.includes("gateway")) ?? first;
	return {
		id: `00000000-0000-4000-8000-${String(number * 1000 + index).padStart(12, "0")}`,
		group: group.name,
		index,
		az: group.azs[index % group.azs.length] ?? "",
		bootstrap: index === 0,
		networks: Object.fromEntries(networks),
		defaultNetwork: own?.[0] ?? "",
		...(own?.[1].ip === undefined ? {} : { addressableIp: own[1].ip }),
	};
}
