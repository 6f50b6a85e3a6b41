import { expect, test } from "vitest";
import { agentUserData, cloudConfig, hostName, isAccountName } from "../../../src/cpi/user-data.ts";

const seed = {
	hostname: "데이터베이스/0",
	loginUser: "davit",
	authorizedKeys: ["ssh-ed25519 AAAA login\n"],
	hostKey: { privateKey: "-----BEGIN\nKEY\n-----END", publicKey: "ssh-ed25519 BBBB host\n" },
};

test("user data: the login user, sudo, the VM's own host key and nothing that cloud-init would make beside it", () => {
	const text = cloudConfig(seed);
	expect(text.split("\n")[0]).toBe("#cloud-config");
	expect(JSON.parse(text.slice(text.indexOf("\n")))).toEqual({
		hostname: "0",
		preserve_hostname: false,
		manage_etc_hosts: "localhost",
		users: [
			{
				name: "davit",
				shell: "/bin/bash",
				lock_passwd: true,
				sudo: "ALL=(ALL) NOPASSWD:ALL",
				ssh_authorized_keys: ["ssh-ed25519 AAAA login"],
			},
		],
		disable_root: true,
		ssh_pwauth: false,
		ssh_deletekeys: true,
		ssh_keys: { ed25519_private: "-----BEGIN\nKEY\n-----END\n", ed25519_public: "ssh-ed25519 BBBB host" },
	});
});

test.each([
	["ecdsa-sha2-nistp256 AA", "ecdsa_private"],
	["ssh-rsa AA", "rsa_private"],
])("a host key %s is cloud-init's %s", (publicKey, name) => {
	expect(cloudConfig({ ...seed, hostKey: { ...seed.hostKey, publicKey } })).toContain(`"${name}"`);
});

test.each([
	["database-0", "database-0"],
	["--Help -rf", "help-rf"],
	["데이터베이스", "vm"],
	["../../etc/passwd", "etc-passwd"],
	["a".repeat(70), "a".repeat(63)],
])("%j is called %s", (text, name) => {
	expect(hostName(text)).toBe(name);
});

test.each([
	["davit", true],
	["root", true],
	["a b", false],
	["-x", false],
	["x\ny", false],
	["", false],
])("%j may be an account: %s", (name, may) => {
	expect(isAccountName(name)).toBe(may);
});

test("an agent's settings get the VM's devices, each network its own interface", () => {
	const settings = { agent_id: "a", networks: { private: { type: "manual" }, public: { type: "vip" } } };
	const macs = { private: "52:54:00:00:00:01" };
	expect(JSON.parse(agentUserData(settings, { macs, systemDisk: "/dev/vda", ephemeralDisk: "/dev/vdb" }))).toEqual({
		agent_id: "a",
		networks: { private: { type: "manual", mac: "52:54:00:00:00:01" }, public: { type: "vip" } },
		disks: { system: "/dev/vda", ephemeral: { path: "/dev/vdb" }, persistent: {} },
	});
	expect(JSON.parse(agentUserData(settings, { macs, systemDisk: "/dev/vda" })).disks).toEqual({
		system: "/dev/vda",
		persistent: {},
	});
});
