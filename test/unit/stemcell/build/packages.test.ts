import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { operatingSystems } from "../../../../src/stemcell/build/operating-system.ts";
import { packagesFor, parsePackages } from "../../../../src/stemcell/build/packages.ts";

const ours = parse(readFileSync("stemcells/packages.yml", "utf8")) as unknown;

const small = {
	every: [{ from: "here", packages: ["sudo", { name: "netplan.io", "debian-12": null }] }],
	plain: [{ from: "here", packages: ["nano"] }],
	prepared: [{ from: "here", packages: ["make", "sudo", { name: "libaio1", "ubuntu-24.04": "libaio1t64" }] }],
	"left-out": [],
};

function read(value: unknown) {
	const { packages, problems } = parsePackages(value, "packages.yml");
	if (!packages) throw new Error(JSON.stringify(problems));
	return packages;
}

test.each([
	["debian-12", "plain", ["nano", "sudo"]],
	["debian-13", "plain", ["nano", "netplan.io", "sudo"]],
	["debian-12", "prepared", ["libaio1", "make", "sudo"]],
	["ubuntu-24.04", "prepared", ["libaio1t64", "make", "netplan.io", "sudo"]],
] as const)("%s, %s: names as that system has them, sorted, each once", (name, kind, names) => {
	expect(packagesFor(read(small), { name }, kind)).toEqual(names);
});

test.each([
	[
		"a system that isn't there",
		{ ...small, every: [{ from: "x", packages: [{ name: "sudo", "debian-11": null }] }] },
		"/every/0/packages/0",
	],
	["a name that is none", { ...small, plain: [{ from: "x", packages: ["rm -rf"] }] }, "/plain/0/packages/0"],
	["a list without its source", { ...small, plain: [{ packages: [] }] }, "/plain/0/from"],
])("refuses %s and says where", (_, value, path) => {
	const { packages, problems } = parsePackages(value, "packages.yml");
	expect(packages).toBeUndefined();
	expect(problems.map(({ place }) => place?.path)).toEqual([path]);
});

test.each(operatingSystems.map(({ name }) => name))(
	"davit's own list has for %s what releases compile and start with",
	(name) => {
		const all = packagesFor(read(ours), { name }, "prepared");
		const promised = [
			"build-essential",
			"patch",
			"zip",
			"nfs-common",
			"iptables",
			"runit",
			"logrotate",
			"chrony",
			"rsync",
			"lsof",
		];
		expect(all).toEqual(
			expect.arrayContaining([...promised, "cloud-init", "cloud-guest-utils", "openssh-server", "sudo", "dbus"]),
		);
		expect(packagesFor(read(ours), { name }, "plain")).not.toEqual(expect.arrayContaining(["build-essential"]));
	},
);
