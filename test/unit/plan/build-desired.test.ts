import { expect, test } from "vitest";
import { buildDesired } from "../../../src/plan/build-desired.ts";
import { placeInstances } from "../../../src/plan/place.ts";
import { CLOUD, cloudOf, deploymentOf, group, manifest } from "../manifest/read-files.ts";

const clouds = CLOUD.replace("azs: [{name: z1}", "azs: [{name: z1, cloud_properties: {zone: a, kind: az}}")
	.replace("vm_types: [{name: small}]", "vm_types: [{name: small, cloud_properties: {kind: type, size: 1}}]")
	.replace(
		"vm_extensions: [{name: lb}]",
		"vm_extensions: [{name: lb, cloud_properties: {size: 2, lb: a}}, {name: more, cloud_properties: {lb: b}}]",
	);

function desired(text: string) {
	const deployment = deploymentOf(manifest(text));
	const { cloud } = cloudOf(clouds);
	const placement = placeInstances(deployment, cloud, [], {
		usedElsewhere: new Set(),
		newId: () => "id",
		include: () => true,
	});
	const { instances } = buildDesired({
		deployment,
		cloud,
		placement,
		releases: new Map(),
		disks: [],
		stemcell: () => undefined,
		vmResources: ({ vmResources }, cpi) => vmResources && { cpi, memory: vmResources.ramMib },
		cgroups: () => undefined,
		linksElsewhere: () => "no such deployment",
	});
	return instances[0];
}

test.each([
	[
		"AZ, VM type, then extensions in order",
		group("a", ", vm_extensions: [lb, more]"),
		{ zone: "a", kind: "type", size: 2, lb: "b" },
	],
	["the other order", group("a", ", vm_extensions: [more, lb]"), { zone: "a", kind: "type", size: 2, lb: "a" }],
	[
		"what the CPI has for vm_resources, in the VM type's place",
		group("a", ", vm_extensions: [lb]").replace(
			"vm_type: small",
			"vm_resources: {cpu: 1, ram: 512, ephemeral_disk_size: 9}",
		),
		{ zone: "a", kind: "az", cpi: "main", memory: 512, size: 2, lb: "a" },
	],
])("cloud properties lie over one another: %s", (_, text, properties) => {
	expect(desired(text)?.shape.cloudProperties).toEqual(properties);
});

test("a persistent disk is mounted as env says", () => {
	const env =
		", persistent_disk_type: d1, env: {persistent_disk_fs: xfs, persistent_disk_mount_options: [noatime, nodev]}";
	expect(desired(group("a", env))?.disk).toEqual({
		sizeMib: 1024,
		cloudProperties: {},
		fileSystem: "xfs",
		mountOptions: ["noatime", "nodev"],
	});
	expect(desired(group("a", ", persistent_disk: 5"))?.disk).toMatchObject({ fileSystem: "ext4", mountOptions: [] });
});
