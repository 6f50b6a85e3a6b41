import fc from "fast-check";
import { expect, test } from "vitest";
import type { Cloud } from "../../../src/manifest/cloud.ts";
import { interpolateManifest } from "../../../src/manifest/interpolate-manifest.ts";
import { parseCloud } from "../../../src/manifest/schema.ts";
import { addressPool, placeIps } from "../../../src/plan/place-ips.ts";
import { group, record } from "../../support/plan-fixtures.ts";

const text = `cpis: [{name: local, type: local}]
azs: [{name: z1}, {name: z2}]
vm_types: [{name: small}]
networks:
- name: default
  type: manual
  subnets:
  - {range: 10.0.0.0/28, gateway: 10.0.0.1, azs: [z1], reserved: [10.0.0.3-10.0.0.5], static: [10.0.0.7]}
  - {range: 10.0.1.0/29, gateway: 10.0.1.6, azs: [z1, z2]}
compilation: {workers: 1, az: z1, network: default, vm_type: small}
`;
const read = parseCloud(interpolateManifest({ manifest: { text, file: "cloud.yml" } }));
const cloud = read.cloud ?? expect.fail(JSON.stringify(read.problems));

/** The addresses of instances in these AZs; those that had one are written with it: `z1 10.0.0.9`. */
function place(instances: readonly string[], used = new Set<string>(), of: Cloud = cloud) {
	const slots = instances.map((instance, index) => {
		const [az = "", ip] = instance.split(" ");
		const had = ip === undefined ? {} : { record: record("web", index, { ips: { default: ip } }) };
		return { az, index, ...had };
	});
	const { addresses, problems } = placeIps(group("web"), slots, of, {
		pool: addressPool(used),
		path: "/instance_groups/0",
	});
	return { ips: addresses.map((address) => address.default), problems: problems.map(({ message }) => message) };
}

test("instances get the lowest addresses that are neither the gateway, reserved nor static, and keep what they had", () => {
	expect(place(["z1", "z1", "z1 10.0.0.12", "z1"])).toEqual({
		ips: ["10.0.0.2", "10.0.0.6", "10.0.0.12", "10.0.0.8"],
		problems: [],
	});
});

test("an AZ takes from its own subnets, from the next one when one is full; whoever gets none is told", () => {
	const z1 = Array<string>(9).fill("z1");
	expect(place([...z1, "z2", "z1", "z2", "z2", "z2", "z2"])).toEqual({
		ips: [
			...["2", "6", "8", "9", "10", "11", "12", "13", "14"].map((last) => `10.0.0.${last}`),
			...["1", "2", "3", "4", "5"].map((last) => `10.0.1.${last}`),
			undefined,
		],
		problems: ['web/14: network "default" has no free address left in AZ "z2"'],
	});
});

test("what others use is left alone, by each group after the other", () => {
	const used = new Set(["10.0.0.2"]);
	expect([place(["z1", "z2"], used).ips, place(["z2", "z1"], used).ips]).toEqual([
		["10.0.0.6", "10.0.1.1"],
		["10.0.1.2", "10.0.0.8"],
	]);
});

test("no address is given twice, whatever is in use", () => {
	const azs = fc.array(fc.constantFrom("z1", "z2"), { maxLength: 16 });
	const taken = fc.uniqueArray(fc.integer({ min: 1, max: 14 }), { maxLength: 10 });
	fc.assert(
		fc.property(azs, taken, (instances, lasts) => {
			const before = lasts.map((last) => `10.0.0.${last}`);
			const given = place(instances, new Set(before)).ips.filter((ip) => ip !== undefined);
			expect(new Set([...before, ...given]).size).toBe(before.length + given.length);
		}),
	);
});

test("a vip network with subnets gives out what they list, by AZ; one without has what the group names", () => {
	const pooled = text.replace(
		/ {2}type: manual\n[\s\S]*?(?=compilation)/,
		"  type: vip\n  subnets: [{azs: [z1], static: [1.2.3.4-1.2.3.5, 1.2.3.9]}, {az: z2, static: [1.2.4.1]}]\n",
	);
	const { cloud: vips } = parseCloud(interpolateManifest({ manifest: { text: pooled, file: "cloud.yml" } }));
	expect(place(["z1", "z2", "z1 1.2.3.5", "z1", "z1", "z2 9.9.9.9"], new Set(["1.2.3.5"]), vips)).toEqual({
		ips: ["1.2.3.4", "1.2.4.1", "1.2.3.5", "1.2.3.9", undefined, undefined],
		problems: [
			'web/4: network "default" has no free address left in AZ "z1"',
			'web/5: network "default" has no free address left in AZ "z2"',
		],
	});
});
