import { expect, test } from "vitest";
import { readConfig } from "../../../../cpis/local/config.ts";

const settings = (properties: Record<string, unknown>, home = "/home/ann/.davit") => ({
	name: "local",
	properties,
	home,
	env: {},
});

test.each([
	["in davit's home", {}, "/home/ann/.davit/local"],
	["where the cloud file says", { folder: "/srv/내 클라우드 1" }, "/srv/내 클라우드 1"],
])("VMs are kept %s", (_, properties, folder) => {
	expect(readConfig(settings(properties))).toEqual({ folder, ids: undefined, unshare: undefined, quota: {} });
});

test.each([
	[{ ids: "two" }, /^CPI local \(local\): ids: /],
	[{ foldr: "/srv" }, /^CPI local \(local\): properties: .*foldr/],
	[{ folder: "/srv/a:b" }, /^the folder of the embedded provider can't be "\/srv\/a:b"$/],
	[{ folder: "/srv/a,b" }, /can't be/],
])("%j is refused", (properties, message) => {
	expect(() => readConfig(settings(properties))).toThrow(message);
});
