import { expect, test } from "vitest";
import { installedPackages, uuidFor, versionOf } from "../../../../src/stemcell/build/description.ts";

const STATUS = `Package: zlib1g
Status: install ok installed
Architecture: amd64
Version: 1:1.2.13.dfsg-1
Description: compression
 Version: 9

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1

Package: libc6
Status: install ok installed
Architecture: i386
Version: 2.36-9

Package: adduser
Status: install ok installed
Architecture: all
Version: 3.134
`;

test("installed packages by name; another architecture's say so", () => {
	expect(Object.entries(installedPackages(STATUS, "amd64"))).toEqual([
		["adduser", "3.134"],
		["libc6:i386", "2.36-9"],
		["zlib1g", "1:1.2.13.dfsg-1"],
	]);
});

test("the version depends on packages, their versions and the builder, not on their order", () => {
	const version = versionOf({ a: "1", b: "2" }, { format: 1 });
	expect(version).toMatch(/^[0-9a-f]{12}$/);
	expect(versionOf({ b: "2", a: "1" }, { format: 1 })).toBe(version);
	for (const other of [
		versionOf({ a: "1", b: "3" }, { format: 1 }),
		versionOf({ a: "1" }, { format: 1 }),
		versionOf({ a: "1", b: "2" }, { format: 2 }),
	])
		expect(other).not.toBe(version);
});

test("identifiers are UUIDs, the same each time, another for each purpose", () => {
	const root = uuidFor("abc", "root");
	expect(root).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
	expect(uuidFor("abc", "root")).toBe(root);
	expect(uuidFor("abc", "esp")).not.toBe(root);
	expect(uuidFor("abd", "root")).not.toBe(root);
});
