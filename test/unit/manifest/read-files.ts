import { checkDeployment } from "../../../src/manifest/check.ts";
import { interpolateManifest } from "../../../src/manifest/interpolate-manifest.ts";
import { parseCloud, parseDeployment } from "../../../src/manifest/schema.ts";

export const CLOUD = `azs: [{name: z1}, {name: z2}, {name: z3}]
cpis: [{name: main, type: local}]
vm_types: [{name: small}]
vm_extensions: [{name: lb}]
disk_types: [{name: d1, disk_size: 1024}]
networks:
- name: default
  type: manual
  subnets:
  - {azs: [z1], range: 10.9.1.0/24, gateway: 10.9.1.1, static: [10.9.1.20-10.9.1.40], reserved: [10.9.1.5]}
  - {azs: [z2], range: 10.9.2.0/24, gateway: 10.9.2.1, static: [10.9.2.20-10.9.2.40]}
compilation: {workers: 2, network: default, az: z1, vm_type: small}
`;

export const HEAD = `name: d
releases: [{name: tiny, version: "1"}]
stemcells: [{alias: default, os: ubuntu-jammy, version: "1.360"}]
update: {canaries: 1, max_in_flight: 50%, canary_watch_time: 1000-2000, update_watch_time: 3000}
`;

/** A group as a line of its own, so that its line is the line in a message. */
export function group(name: string, more = "", networks = "[{name: default}]"): string {
	return `- {name: ${name}, instances: 1, azs: [z1], vm_type: small, stemcell: default, networks: ${networks}, jobs: [{name: app, release: tiny}]${more}}\n`;
}

/** HEAD is lines 1 to 4, `instance_groups:` line 5, the groups begin at line 6. */
export function manifest(...groups: readonly string[]): string {
	return `${HEAD}instance_groups:\n${groups.join("")}`;
}

/** Everything that is told about a manifest and a cloud file, as `file:line code: message (hint)`. */
export function problemsOf(manifestText: string, cloudText = CLOUD): readonly string[] {
	const files = {
		manifest: interpolateManifest({ manifest: { text: manifestText, file: "m.yml" } }),
		cloud: interpolateManifest({ manifest: { text: cloudText, file: "c.yml" } }),
	};
	const read = parseDeployment(files.manifest, "/home/kim/manifests");
	const readCloud = parseCloud(files.cloud);
	const both = read.deployment && readCloud.cloud ? checkDeployment(read.deployment, readCloud.cloud, files) : [];
	return [...read.problems, ...readCloud.problems, ...both].map(
		({ place, message, hint }) => `${place?.file}:${place?.line} ${message} (${hint})`,
	);
}

/** A manifest that has nothing wrong but perhaps warnings. */
export function deploymentOf(text: string) {
	const { deployment, problems } = parseDeployment(
		interpolateManifest({ manifest: { text, file: "m.yml" } }),
		"/home/kim/manifests",
	);
	if (!deployment || problems.some(({ severity }) => severity === "error")) throw new Error(JSON.stringify(problems));
	return deployment;
}

/** A cloud file that has nothing wrong but perhaps warnings. */
export function cloudOf(text: string) {
	const { cloud, problems } = parseCloud(interpolateManifest({ manifest: { text, file: "c.yml" } }));
	if (!cloud || problems.some(({ severity }) => severity === "error")) throw new Error(JSON.stringify(problems));
	return { cloud, warnings: problems };
}
