import { type Problem, UserError } from "../../src/errors.ts";
import { checkDeployment } from "../../src/manifest/check.ts";
import { type Interpolated, interpolateManifest, type ManifestTexts } from "../../src/manifest/interpolate-manifest.ts";
import { mergeConfigs } from "../../src/manifest/merge-configs.ts";
import { withRuntimeConfigs } from "../../src/manifest/runtime-config.ts";
import { parseCloud, parseDeployment } from "../../src/manifest/schema.ts";

/** By code: wrong inputs, each of which gets problems of that code and no others. */
export type ErrorCases = Readonly<Record<string, readonly ErrorCase[]>>;
export type ErrorCase = () => readonly Problem[] | Promise<readonly Problem[]>;

/** Stands wherever a case gives a secret; no message may show it. */
export const SECRET = "c1oudc0w";

/** A manifest that nothing is wrong with. */
export const MANIFEST = `name: shop
releases:
- name: shop
  version: "1.2"
stemcells:
- alias: default
  os: ubuntu-jammy
  version: "1.719"
update:
  canaries: 1
  max_in_flight: 1
  canary_watch_time: 1000-30000
  update_watch_time: 1000-30000
instance_groups:
- name: db
  azs: [z1]
  instances: 1
  vm_type: large
  stemcell: default
  persistent_disk_type: fast
  networks:
  - name: private
  jobs:
  - name: postgres
    release: shop
    properties: {admin: {password: ((db_password))}}
- name: web
  azs: [z1, z2]
  instances: 2
  vm_type: small
  stemcell: default
  networks:
  - name: default
  jobs:
  - name: app
    release: shop
    properties: {port: 8080}
variables:
- name: db_password
  type: password
`;

/** The cloud file for it. */
export const CLOUD = `azs:
- name: z1
- name: z2
vm_types:
- name: small
- name: large
disk_types:
- name: fast
  disk_size: 10240
networks:
- name: default
  subnets:
  - range: 10.0.1.0/24
    gateway: 10.0.1.1
    reserved: [10.0.1.2-10.0.1.9]
    static: [10.0.1.10-10.0.1.19]
    azs: [z1]
  - range: 10.0.2.0/24
    gateway: 10.0.2.1
    azs: [z2]
- name: private
  subnets:
  - range: 10.0.9.0/24
    gateway: 10.0.9.1
    static: [10.0.9.10]
cpis:
- name: main
  type: openstack
`;

/** What stands at one spot of a text, and what to write instead. */
export type Edit = readonly [from: string, to: string];

/** The text with other words at some spots, each of which must be there once. */
export function edited(text: string, edits: readonly Edit[]): string {
	return edits.reduce((before, [from, to]) => {
		if (before.split(from).length !== 2) throw new Error(`stands not once in the text: ${from}`);
		return before.replace(from, () => to);
	}, text);
}

/** What a command is given. The manifest and the cloud file are those above unless said otherwise. */
export interface Given extends Omit<ManifestTexts, "manifest"> {
	readonly manifest?: string;
	readonly clouds?: readonly string[];
	readonly runtime?: string;
	readonly cpiMayLack?: boolean;
}

/** The files as a command reads them: together, as far as nothing is wrong with one alone. */
export function read({ manifest = MANIFEST, clouds = [CLOUD], runtime, cpiMayLack = false, ...texts }: Given) {
	const readOne = (file: string, text: string): Interpolated => interpolateManifest({ manifest: { text, file } });
	const own = interpolateManifest({ manifest: { text: manifest, file: "shop.yml" }, ...texts });
	if (own.problems.length > 0) return { problems: own.problems };
	const all = withRuntimeConfigs(own, runtime === undefined ? [] : [readOne("runtime.yml", runtime)]);
	const cloud = mergeConfigs(clouds.map((text, index) => readOne(index === 0 ? "cloud.yml" : "cpi.yml", text)));
	if (all.problems.length + cloud.problems.length > 0) return { problems: [...all.problems, ...cloud.problems] };
	const parsed = { ...parseDeployment(all, "/home/kim") };
	const parsedCloud = parseCloud(cloud, { cpiMayLack });
	const problems = [...own.warnings, ...cloud.warnings, ...parsed.problems, ...parsedCloud.problems];
	if (!parsed.deployment || !parsedCloud.cloud) return { problems };
	const files = { manifest: all, cloud };
	problems.push(...checkDeployment(parsed.deployment, parsedCloud.cloud, files));
	return { problems, deployment: parsed.deployment, cloud: parsedCloud.cloud, place: all.place };
}

/** What is told of files. */
export function files(given: Given): ErrorCase {
	return () => read(given).problems;
}

/** What is told of the manifest with these words in it. */
export function inManifest(...edits: readonly Edit[]): ErrorCase {
	return () => read({ manifest: edited(MANIFEST, edits) }).problems;
}

/** What is told of the cloud file with these words in it. */
export function inCloud(...edits: readonly Edit[]): ErrorCase {
	return () => read({ clouds: [edited(CLOUD, edits)] }).problems;
}

/** The problems that work is refused for. */
export async function refusal(work: () => unknown): Promise<readonly Problem[]> {
	try {
		await work();
	} catch (error) {
		if (error instanceof UserError) return error.problems;
		throw error;
	}
	return [];
}
