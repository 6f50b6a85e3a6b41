import { expect, test } from "vitest";
import { leaseCommand, parseNetwork } from "../../../../cpis/libvirt/leases.ts";
import { networkConfig, planNics } from "../../../../cpis/libvirt/nics.ts";
import type { VmNetwork } from "../../../../src/cpi/cpi.ts";

const manual = (ip: string, more: Partial<VmNetwork> = {}): VmNetwork => ({
	type: "manual",
	ip,
	prefix: 24,
	dns: ["10.0.0.53"],
	default: [],
	cloudProperties: {},
	...more,
});
const plan = (networks: Record<string, VmNetwork>) => planNics({ key: "k", networks }, "default");

test("the guest's network configuration: known by hardware address, one default route, DNS once", () => {
	const nics = plan({
		back: manual("10.1.0.5", { gateway: "10.1.0.1", cloudProperties: { bridge: "br0", mtu: 9000 } }),
		front: manual("10.0.0.5", { gateway: "10.0.0.1", default: ["gateway", "dns"] }),
		leased: { type: "dynamic", dns: [], default: [], cloudProperties: { name: "lab" } },
	});
	const [back = "", front = "", leased = ""] = nics.map(({ mac }) => mac);
	expect(nics.map(({ source }) => `${source.type} ${source.name}`)).toEqual([
		"bridge br0",
		"network default",
		"network lab",
	]);
	expect(JSON.parse(networkConfig(nics))).toEqual({
		version: 2,
		ethernets: {
			eth0: { match: { macaddress: back }, "set-name": "eth0", mtu: 9000, addresses: ["10.1.0.5/24"] },
			eth1: {
				match: { macaddress: front },
				"set-name": "eth1",
				addresses: ["10.0.0.5/24"],
				routes: [{ to: "0.0.0.0/0", via: "10.0.0.1" }],
				nameservers: { addresses: ["10.0.0.53"] },
			},
			eth2: {
				match: { macaddress: leased },
				"set-name": "eth2",
				dhcp4: true,
				"dhcp4-overrides": { "use-routes": false, "use-dns": false },
			},
		},
	});
});

test("an IPv6 default route is written as every cloud-init reads it", () => {
	const nics = plan({ six: manual("fd00:1::5", { prefix: 64, gateway: "fd00:1::1", dns: [], default: ["gateway"] }) });
	expect(JSON.parse(networkConfig(nics)).ethernets.eth0).toMatchObject({
		addresses: ["fd00:1::5/64"],
		gateway6: "fd00:1::1",
	});
});

test.each([
	["no address", { a: manual("300.1.1.1") }, 'network a: "300.1.1.1" is not an IP address'],
	["a gateway of its own", { a: manual("10.0.0.1", { gateway: "10.0.0.1" }) }, "10.0.0.1 is the gateway's address"],
	["a gateway of another family", { a: manual("10.0.0.5", { gateway: "fd00::1" }) }, "no address of the same family"],
	["a prefix that is none", { a: manual("10.0.0.5", { prefix: 33 }) }, "33 bits"],
	["one address twice", { a: manual("10.0.0.5"), b: manual("10.0.0.5") }, "used twice"],
	["a vip", { a: { ...manual("10.0.0.5"), type: "vip" as const } }, "no vip networks"],
	["name and bridge", { a: manual("10.0.0.5", { cloudProperties: { name: "x", bridge: "y" } }) }, "not both"],
] as const)("%s is refused", (_, networks, message) => {
	expect(() => plan(networks)).toThrow(message);
});

const network = (dhcp: string) =>
	parseNetwork(`<network><name>default</name><ip address='10.0.0.1' netmask='255.255.255.0'>${dhcp}</ip>
<ip family='ipv6' address='fd00:1::1' prefix='64'><dhcp><range start='fd00:1::100' end='fd00:1::1ff'/></dhcp></ip></network>`);

test("a fixed address becomes a lease where the network has DHCP, once", () => {
	const [nic] = plan({ a: manual("10.0.0.5") });
	if (!nic) throw new Error("no interface");
	const lease = `<host mac='${nic.mac}' ip='10.0.0.5'/>`;
	const [, , , , xml] = leaseCommand(nic, [network("<dhcp><range start='10.0.0.100' end='10.0.0.200'/></dhcp>")]) ?? [];
	expect(xml).toBe(lease);
	expect(leaseCommand(nic, [network(`<dhcp>${lease}</dhcp>`)])).toBeUndefined();
	expect(leaseCommand(nic, [network("")])).toBeUndefined();
});

test("an IPv6 address is in the network's subnet, and becomes no lease: libvirt's know no hardware addresses there", () => {
	const [nic] = plan({ a: manual("fd00:1::5", { prefix: 64 }) });
	expect(nic && leaseCommand(nic, [network("<dhcp/>")])).toBeUndefined();
});

test.each([
	["10.9.0.5", "is not in libvirt's network default (10.0.0.1/24)"],
	["10.0.0.1", "is the host's own address"],
	["fd00:2::5", "is not in libvirt's network default (fd00:1::1/64)"],
	["fd00:1:0::0:1", "is the host's own address"],
])("%s %s", (ip, message) => {
	const [nic] = plan({ a: manual(ip) });
	expect(() => nic && leaseCommand(nic, [network("<dhcp/>")])).toThrow(message);
});
