import { expect, test } from "vitest";
import { templateSpec } from "../../../src/plan/spec.ts";
import { manual, placed, scheme } from "../../support/links.ts";

const input = { properties: { port: 1 }, links: {}, release: { name: "tiny", version: "1" }, persistentDiskMib: 512 };

test("a spec has the keys that a director passes", () => {
	const networks = { default: manual("10.0.0.3"), back_end: manual("10.9.0.3", ["addressable"]) };
	const instance = placed("my_web", 2, { networks, defaultNetwork: "back_end" });
	expect(templateSpec(scheme(), instance, input)).toEqual({
		deployment: "min",
		job: { name: "my_web" },
		index: 2,
		bootstrap: false,
		name: "my_web",
		id: "my_web-uuid-2",
		az: "z1",
		ip: "10.9.0.3",
		address: "10.9.0.3",
		dns_domain_name: "bosh",
		persistent_disk: 512,
		networks: {
			default: {
				type: "manual",
				ip: "10.0.0.3",
				prefix: "24",
				netmask: "255.255.255.0",
				cloud_properties: {},
				default: ["dns", "gateway"],
				dns: ["10.0.0.2"],
				gateway: "10.0.0.254",
				dns_record_name: "2.my-web.default.min.bosh",
			},
			back_end: {
				type: "manual",
				ip: "10.9.0.3",
				prefix: "24",
				netmask: "255.255.255.0",
				cloud_properties: {},
				default: ["addressable"],
				dns: ["10.0.0.2"],
				gateway: "10.0.0.254",
				dns_record_name: "2.my-web.back-end.min.bosh",
			},
		},
		release: { name: "tiny", version: "1" },
		properties: { port: 1 },
		links: {},
	});
});

test("its address is a name where the deployment asks for names", () => {
	expect(templateSpec(scheme({ useDnsAddresses: true }), placed("web", 0), input).address).toBe(
		"web-uuid-0.web.default.min.bosh",
	);
});

test("an address that the cloud has yet to choose is a placeholder, and the instance's address a name", () => {
	const instance = placed("web", 0, {
		networks: { default: { type: "dynamic", dns: [], default: ["dns", "gateway"] } },
	});
	const spec = templateSpec(scheme(), instance, input);
	expect(spec.address).toBe("web-uuid-0.web.default.min.bosh");
	expect(spec.networks.default).toMatchObject({ ip: "127.0.0.1", netmask: "127.0.0.1", gateway: "127.0.0.1" });
});
