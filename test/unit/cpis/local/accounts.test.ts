import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { etcFiles, hostName, isAccountName } from "../../../../cpis/local/accounts.ts";
import type { GuestSeed } from "../../../../src/cpi/cpi.ts";

test("any text gives a host name that DNS allows", () => {
	fc.assert(
		fc.property(fc.string({ unit: "grapheme", maxLength: 200 }), (wanted) => {
			expect(hostName(wanted)).toMatch(/^[A-Za-z0-9]([A-Za-z0-9.-]{0,61}[A-Za-z0-9])?$/);
		}),
	);
	expect(hostName("database-0.plat")).toBe("database-0.plat");
	expect(hostName("데이터베이스/0")).toBe("0");
});

test.each([
	["davit", true],
	["_ops-1", true],
	["Ops", false],
	["1ops", false],
	["a:b", false],
	["", false],
	["a".repeat(33), false],
])("%j is an account's name: %s", (name, wanted) => {
	expect(isAccountName(name)).toBe(wanted);
});

const seed = (loginUser: string) =>
	({ hostname: "database-0", loginUser, authorizedKeys: [], hostKey: { privateKey: "", publicKey: "" } }) as GuestSeed;

describe.each(["all", "one"] as const)("a VM with %s of the ids", (ids) => {
	const files = (loginUser: string) => etcFiles(seed(loginUser), [], ids === "one" ? "one" : "root");
	const lines = (text: string | undefined) => (text ?? "").trim().split("\n");

	test.each(["davit", "vcap", "root"])("has each account and group once, with the login user %s", (login) => {
		for (const [file, shadow] of [
			["passwd", "shadow"],
			["group", "gshadow"],
		] as const) {
			const names = lines(files(login).get(file)).map((line) => line.split(":")[0]);
			expect(new Set(names).size).toBe(names.length);
			expect(lines(files(login).get(shadow)).map((line) => line.split(":")[0])).toEqual(names);
		}
		expect(lines(files(login).get("passwd")).some((line) => line.startsWith(`${login}:`))).toBe(true);
	});

	test("vcap has BOSH's number, and nobody can log in with a password", () => {
		expect(files("davit").get("passwd")).toMatch(/^vcap:x:1000:1000:/m);
		for (const line of lines(files("davit").get("shadow"))) expect(line).toMatch(/^[^:]+:\*:/);
	});

	test("root is the one that the VM's single number stands for", () => {
		const root = ids === "one" ? "1000:1000" : "0:0";
		expect(files("davit").get("passwd")).toContain(`root:x:${root}:`);
	});
});

test("a VM knows its own name and asks each name server once", () => {
	const link = (ip: string) => ({
		network: "n",
		ip,
		prefix: 24,
		gateway: "10.0.0.1",
		dns: ["10.0.0.2"],
		carriesGateway: true,
	});
	const files = etcFiles(seed("davit"), [link("10.0.0.5"), link("10.0.0.6")], "root");
	expect(files.get("hosts")).toContain("10.0.0.5 database-0\n");
	expect(files.get("resolv.conf")).toBe("nameserver 10.0.0.2\n");
	expect(etcFiles(seed("davit"), [], "root").get("hosts")).toContain("127.0.1.1 database-0\n");
});
