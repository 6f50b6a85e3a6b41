import fc from "fast-check";
import { expect, test } from "vitest";
import { addressBatch, planInterfaces, wireBatch } from "../../../../cpis/local/addresses.ts";
import type { VmNetwork } from "../../../../src/cpi/cpi.ts";

const network = (more: Partial<VmNetwork>): VmNetwork => ({
	type: "manual",
	dns: [],
	default: [],
	cloudProperties: {},
	...more,
});
const none = new Map<string, string>();

test.each([
	[
		"the gateway of the manifest",
		{ ip: "10.1.2.3", prefix: 16, gateway: "10.1.0.1" },
		{ prefix: 16, gateway: "10.1.0.1" },
	],
	["the last address without one", { ip: "10.1.2.3" }, { prefix: 24, gateway: "10.1.2.254" }],
	["the last address of a small subnet", { ip: "10.1.2.9", prefix: 29 }, { prefix: 29, gateway: "10.1.2.14" }],
	["the same for IPv6", { ip: "fd00::9" }, { prefix: 64, gateway: "fd00::fffe" }],
])("a manual network has %s", (_, given, wanted) => {
	expect(planInterfaces({ a: network(given) }, none)).toMatchObject([{ network: "a", ip: given.ip, ...wanted }]);
});

test.each([
	[{}, "no address is not an IP address"],
	[{ ip: "10.0.0.256" }, "10.0.0.256 is not an IP address"],
	[{ ip: "10.0.0.1", prefix: 33 }, "a prefix of 33 bits is none"],
	[{ ip: "10.0.0.1", prefix: 0 }, "a prefix of 0 bits is none"],
	[{ ip: "10.0.0.5", gateway: "fd00::1" }, "gateway fd00::1 is no address of the same family as 10.0.0.5"],
	[{ ip: "10.0.0.1", gateway: "10.0.0.1" }, "10.0.0.1 is the gateway's address"],
	[{ ip: "10.0.0.7" }, "10.0.0.7 is the address of database/0"],
	[{ type: "vip" as const, ip: "1.2.3.4" }, "the embedded provider has no vip networks"],
])("refuses %j", (given, message) => {
	const taken = new Map([["10.0.0.7", "database/0"]]);
	expect(() => planInterfaces({ a: network(given) }, taken)).toThrow(`network a: ${message}`);
});

test("two networks of a VM can't have one address", () => {
	const both = { a: network({ ip: "10.0.0.5" }), b: network({ ip: "10.0.0.5" }) };
	expect(() => planInterfaces(both, none)).toThrow("network b: 10.0.0.5 is used twice");
});

test("dynamic networks never give an address twice", () => {
	const taken = fc.uniqueArray(fc.integer({ min: 2, max: 12 }), { maxLength: 8 });
	fc.assert(
		fc.property(taken, fc.integer({ min: 1, max: 4 }), (last, count) => {
			const used = new Map(last.map((part) => [`10.254.0.${part}`, "other/0"]));
			const networks = Object.fromEntries(
				Array.from({ length: count }, (_, n) => [`n${n}`, network({ type: "dynamic" })]),
			);
			const ips = planInterfaces(networks, used).map(({ ip }) => ip);
			expect(new Set([...ips, ...used.keys()]).size).toBe(count + used.size);
		}),
	);
});

test("the default route goes through the network that is to carry it", () => {
	const networks = { a: network({ ip: "10.1.0.5" }), b: network({ ip: "10.2.0.5", default: ["gateway"] }) };
	expect(addressBatch(planInterfaces(networks, none))).toBe(`link set lo up
address add 10.1.0.5/24 dev eth0
link set eth0 up
address add 10.2.0.5/24 dev eth1
link set eth1 up
route add default via 10.2.0.254 dev eth1
`);
});

test("names of cables are short enough for Linux (15 characters), and a VM that comes back has its hardware address", () => {
	const interfaces = planInterfaces({ a: network({ ip: "10.1.0.5" }) }, none);
	const [, link] = wireBatch("vm-0123456789abcdef", interfaces).split("\n");
	expect(link).toMatch(/^link add v6789abcdefn0 type veth peer name eth0 address 02(:[0-9a-f]{2}){5} netns @PID@$/);
	expect(wireBatch("vm-another-cid-of-it", interfaces)).toContain(/address (\S+) netns/.exec(String(link))?.[0]);
});
