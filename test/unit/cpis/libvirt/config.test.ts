import { expect, test } from "vitest";
import { readConfig } from "../../../../cpis/libvirt/config.ts";

const read = (properties: Record<string, unknown>) =>
	readConfig({ name: "rooms", properties, home: "/h", env: { HOME: "/root", SECRET: "s", PATH: "/bin" } });

test("without properties: the host that davit runs on", () => {
	expect(read({})).toEqual({
		hosts: [{ name: undefined, uri: "qemu:///system", pool: "default", network: "default" }],
		virtualization: undefined,
		consoleLog: true,
		rebootGraceMs: 90_000,
		env: { PATH: "/bin", HOME: "/root", LC_ALL: "C.UTF-8" },
	});
});

test("several hosts, each with its own pool and network or those of all; ssh never asks", () => {
	const hosts = [
		{ name: "rack-1", uri: "qemu+ssh://ops@10.0.0.1/system", pool: "fast" },
		{ name: "rack-2", uri: "qemu+ssh://ops@10.0.0.2/system?keyfile=/k", network: "vms" },
	];
	expect(read({ hosts, pool: "slow" }).hosts).toEqual([
		{ name: "rack-1", uri: "qemu+ssh://ops@10.0.0.1/system?no_tty=1", pool: "fast", network: "default" },
		{ name: "rack-2", uri: "qemu+ssh://ops@10.0.0.2/system?keyfile=/k&no_tty=1", pool: "slow", network: "vms" },
	]);
});

test("all problems at once", () => {
	const host = { name: "a b", uri: "xen:///" };
	expect(() => read({ uri: "test:///default", hosts: [host], virtualization: "xen", zone: 1 })).toThrow(
		/^CPI rooms \(libvirt\): uri: .*; hosts\/0\/name: .*; hosts\/0\/uri: .*; virtualization: .*zone/,
	);
	const same = { name: "a", uri: "qemu:///system" };
	expect(() => read({ uri: "qemu:///system", hosts: [same, same] })).toThrow(
		/give uri or hosts, not both; .*two hosts are named a$/,
	);
});
