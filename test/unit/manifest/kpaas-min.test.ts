import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { checkDeployment } from "../../../src/manifest/check.ts";
import type { Value } from "../../../src/manifest/deployment.ts";
import { interpolateManifest } from "../../../src/manifest/interpolate-manifest.ts";
import { parseCloud, parseDeployment } from "../../../src/manifest/schema.ts";

// The published manifest of the 4- and 7-VM platform is not ours to ship: DAVIT_CASES names the folder that holds kpaas-min/.
const folder = join(process.env.DAVIT_CASES ?? "", "kpaas-min");
const without = process.env.DAVIT_CASES === undefined || !existsSync(folder);

beforeEach((context) => context.skip(without, "DAVIT_CASES does not name a folder that holds kpaas-min/"));

const publicNetwork = "min-use-router-public-network";
const end = ["min-use-postgres", "min-rename-network-and-deployment"];
const seven = ["min-create-vm-singleton-blobstore", "min-create-vm-tcp-router", "min-use-haproxy"];
const sevenEnd = [...end, "min-option-network-and-deployment", "min-cce"];
const no = (network: string) => `router: the cloud file has no network "${network}"`;

const read = (path: string) => ({ text: readFileSync(join(folder, path), "utf8"), file: basename(path) });
const size = (value: Value, key: string) => ((value as Record<string, Value>)[key] as Value[]).length;

test("the base manifest has 32 releases, 129 variables and one duplicate key, at line 979", () => {
	const { value, warnings, problems } = interpolateManifest({ manifest: read("min-ap-deployment.yml") });
	expect(problems).toEqual([]);
	expect([size(value, "releases"), size(value, "variables")]).toEqual([32, 129]);
	expect(warnings.map(({ code, place }) => [code, place?.line])).toEqual([["duplicate-key", 979]]);
});

test.each([
	["openstack", 4, 69, 33, 126, ["min-openstack", publicNetwork, ...end, "min-cce"], []],
	["aws", 4, 70, 33, 126, ["min-aws", publicNetwork, `${publicNetwork}-aws`, ...end, "min-cce"], []],
	["gcp", 4, 69, 33, 126, [publicNetwork, ...end, "min-cce"], []],
	["vsphere", 4, 69, 33, 126, [publicNetwork, `${publicNetwork}-vsphere`, ...end, "min-cce"], [no("vip")]],
	["openstack", 7, 73, 34, 128, ["min-openstack", ...seven, "use-haproxy-public-network", ...sevenEnd], []],
	["aws", 7, 73, 34, 128, ["min-aws", ...seven, "use-haproxy-public-network", ...sevenEnd], []],
	["gcp", 7, 73, 34, 128, [...seven, "use-haproxy-public-network", ...sevenEnd], []],
	[
		"vsphere",
		7,
		73,
		34,
		128,
		[...seven, "use-haproxy-public-network-vsphere", ...sevenEnd],
		[no("private"), no("vip")],
	],
])("%s, %i VMs", (iaas, vms, jobs, releases, variables, ops, missing) => {
	const texts = { manifest: read("min-ap-deployment.yml"), ops: ops.map((name) => read(`operations/${name}.yml`)) };
	expect(size(interpolateManifest(texts).value, "variables")).toBe(variables);
	const varsFiles = [read("min-vars.yml"), read("common_vars.yml")];
	const manifest = interpolateManifest({ ...texts, variables: { varsFiles } });
	const { deployment, problems } = parseDeployment(manifest, "/");
	const groups = deployment?.instanceGroups ?? [];
	expect(problems).toEqual([]);
	expect(
		groups.filter(({ lifecycle }) => lifecycle === "service").reduce((sum, { instances }) => sum + instances, 0),
	).toBe(vms);
	expect(groups.reduce((sum, group) => sum + group.jobs.length, 0)).toBe(jobs);
	expect([deployment?.releases.length, deployment?.addons.length]).toEqual([releases, 8]);
	const cpis = { text: `- {type: replace, path: '/cpis?', value: [{name: main, type: ${iaas}}]}`, file: "cpis.yml" };
	const cloud = interpolateManifest({ manifest: read(`cloud-config/${iaas}-cloud-config.yml`), ops: [cpis] });
	const readCloud = parseCloud(cloud);
	expect(readCloud.problems.filter(({ severity }) => severity === "error")).toEqual([]);
	if (!deployment || !readCloud.cloud) return expect.fail("nothing was read");
	const told = checkDeployment(deployment, readCloud.cloud, { manifest, cloud }).map(({ message }) => message);
	expect(told.map((message) => message.replace(/^instance group "(?:router|haproxy)"/, "router"))).toEqual(missing);
});
