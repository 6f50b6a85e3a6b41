import fc from "fast-check";
import { expect, test } from "vitest";
import { formatIp, inRange, parseCidr, parseIp } from "../../../src/manifest/ip.ts";

test.each([
	["10.77.0.11", "10.77.0.11"],
	["255.255.255.255", "255.255.255.255"],
	["2001:0db8:0:0:0:0:0:1", "2001:db8::1"],
	["::", "::"],
	["::1", "::1"],
	["fe80::", "fe80::"],
	["1:0:0:2:0:0:0:3", "1:0:0:2::3"],
	["::ffff:1.2.3.4", "::ffff:102:304"],
])("%s is written %s", (text, usual) => {
	const ip = parseIp(text);
	expect(ip && formatIp(ip)).toBe(usual);
});

test.each(["10.0.0", "10.0.0.256", "1::2::3", "", "a.b.c.d"])("%j is no address", (text) => {
	expect(parseIp(text)).toBeUndefined();
});

test("any address survives being written and read", () => {
	fc.assert(
		fc.property(
			fc.ipV6(),
			(text) =>
				parseIp(formatIp(parseIp(text) ?? expect.fail())) !== undefined &&
				parseIp(formatIp(parseIp(text) ?? expect.fail()))?.value === parseIp(text)?.value,
		),
	);
	fc.assert(fc.property(fc.ipV4(), (text) => formatIp(parseIp(text) ?? expect.fail()) === text));
});

test("a CIDR with host bits means its network", () => {
	const cidr = parseCidr("10.0.0.1/30");
	expect(cidr && [formatIp(cidr.first), formatIp(cidr.last), cidr.prefix, cidr.hostBits]).toEqual([
		"10.0.0.0",
		"10.0.0.3",
		30,
		true,
	]);
});

test("a range includes both its ends, and no address of the other family", () => {
	const range = { from: "10.0.0.5", to: "10.0.0.9" };
	expect(["10.0.0.4", "10.0.0.5", "10.0.0.9", "10.0.0.10", "::a00:5"].map((ip) => inRange(ip, range))).toEqual([
		false,
		true,
		true,
		false,
		false,
	]);
});
