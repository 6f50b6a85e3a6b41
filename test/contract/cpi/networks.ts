import { expect, test } from "vitest";
import { type Bench, patient } from "./cloud.ts";

export function networkTests(bench: () => Bench): void {
	test("a taken address is refused with its name, and nothing is made; it is free again after its VM", async ({
		skip,
	}) => {
		const { cpi, vm, list, owner } = bench();
		if (!cpi.info().can.fixedIps) return skip("this cloud has no fixed addresses");
		const first = vm();
		const { cid } = await cpi.createVm(first, patient);
		const second = vm({ name: "other/0" });
		await expect(cpi.createVm(second, patient)).rejects.toMatchObject({
			name: "CpiError",
			kind: "invalid",
			retryable: false,
			message: expect.stringContaining(first.networks.default?.ip ?? "?"),
		});
		expect(await cpi.find(second.key, patient)).toBeUndefined();
		expect(await list(owner, "vm")).toMatchObject([{ cid, state: "running" }]);
		await cpi.deleteVm(cid, patient);
		expect((await cpi.createVm(second, patient)).ips).toEqual({ default: first.networks.default?.ip });
	});

	test("two that want one address at the same time: one gets it", async ({ skip }) => {
		const { cpi, vm, list, owner } = bench();
		if (!cpi.info().can.fixedIps) return skip("this cloud has no fixed addresses");
		const settled = await Promise.allSettled([cpi.createVm(vm(), patient), cpi.createVm(vm(), patient)]);
		expect(settled.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
		expect(await list(owner, "vm")).toHaveLength(1);
	});

	test("several networks give an address each", async ({ skip }) => {
		const { cpi, cloud, vm, manual } = bench();
		const [one, two] = cloud.networks;
		if (!cpi.info().can.multipleNetworks) return skip("this cloud's VMs have one network");
		if (!two) return skip("there is only one network here");
		const networks = { 기본: manual(one, one?.free[0]), "back end": manual(two, two.free[0]) };
		const { cid, ips } = await cpi.createVm(vm({ networks }), patient);
		expect(ips).toEqual({ 기본: one?.free[0], "back end": two.free[0] });
		expect((await bench().list(bench().owner, "vm"))[0]).toMatchObject({ cid, ips: Object.values(ips) });
	});

	test("VMs reach each other at their addresses, in and across networks", async ({ skip }) => {
		const { cpi, cloud, vm, manual } = bench();
		const [one, two] = cloud.networks;
		if (!cloud.run || !two || !cpi.info().can.multipleNetworks) return skip("guests can't be entered here");
		const first = vm({ networks: { one: manual(one, one?.free[0]), two: manual(two, two.free[0]) } });
		const second = vm({ ip: one?.free[1] ?? "" });
		await Promise.all([cpi.createVm(first, patient), cpi.createVm(second, patient)]);
		const from = await cpi.find(second.key, patient);
		if (!from) throw new Error("the VM is not found");
		for (const ip of [one?.free[0], two.free[0]])
			expect(await cloud.run(from, `exec 3<>/dev/tcp/${ip}/22; read -r banner <&3; echo "$banner"`)).toMatch(/^SSH-2/);
	});

	test("a dynamic network gives an address of its own choice", async ({ skip }) => {
		const { cpi, cloud, vm } = bench();
		if (!cpi.info().can.dynamicNetworks) return skip("this cloud has no dynamic networks");
		if (!cloud.dynamic) return skip("there is no dynamic network here");
		const network = { type: "dynamic", dns: [], default: ["dns", "gateway"], cloudProperties: cloud.dynamic } as const;
		const requests = [vm({ networks: { any: network } }), vm({ networks: { any: network } })];
		const made = await Promise.all(requests.map((request) => cpi.createVm(request, patient)));
		const addresses = made.map(({ ips }) => ips.any);
		expect(new Set(addresses).size).toBe(2);
		for (const address of addresses) expect(address).toMatch(/^[0-9a-f.:]+$/);
		expect(await cpi.createVm(requests[0] ?? vm(), patient)).toEqual(made[0]);
	});

	test("IPv6", async ({ skip }) => {
		const { cpi, cloud, vm, manual } = bench();
		if (!cpi.info().can.ipv6) return skip("this cloud has no IPv6");
		if (!cloud.ipv6) return skip("there is no IPv6 network here");
		const networks = { default: { ...manual(cloud.ipv6, cloud.ipv6.free[0]), default: ["gateway", "dns"] } };
		const request = vm({ networks });
		expect((await cpi.createVm(request, patient)).ips).toEqual({ default: cloud.ipv6.free[0] });
		const found = await cpi.find(request.key, patient);
		if (cloud.run && found) expect(await cloud.run(found, "ip -6 address")).toContain(cloud.ipv6.free[0]);
	});

	test("a vip is refused where there are none", async ({ skip }) => {
		const { cpi, vm, list, owner } = bench();
		if (cpi.info().can.vip) return skip("this cloud has vips: its own tests attach one");
		const vip = { type: "vip", ip: "203.0.113.7", dns: [], default: [], cloudProperties: {} } as const;
		const request = vm();
		await expect(cpi.createVm({ ...request, networks: { ...request.networks, vip } }, patient)).rejects.toMatchObject({
			kind: "unsupported",
			message: expect.stringContaining("vip"),
		});
		expect(await list(owner, "vm")).toEqual([]);
	});

	test.each(["300.1.1.1", "", "10.0.0.1; true"])("%j is no address: refused, nothing is made", async (ip) => {
		const { cpi, cloud, vm, manual, list, owner } = bench();
		const networks = { default: { ...manual(cloud.networks[0], "10.0.0.1"), ip } };
		await expect(cpi.createVm(vm({ networks }), patient)).rejects.toMatchObject({ kind: "invalid" });
		expect(await list(owner, "vm")).toEqual([]);
	});
}
