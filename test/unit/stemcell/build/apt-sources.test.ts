import { expect, test } from "vitest";
import { mirrorOf, parseAptSources, sourceLines } from "../../../../src/stemcell/build/apt-sources.ts";
import { type OperatingSystem, operatingSystems } from "../../../../src/stemcell/build/operating-system.ts";

function system(name: string): OperatingSystem {
	const found = operatingSystems.find((os) => os.name === name);
	if (!found) throw new Error(name);
	return found;
}

const DEB822 = `Types: deb
# a comment within
URIs: http://mirror.test/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 URIs: http://not.test/

Types: deb-src
URIs: http://sources.test/debian
Suites: bookworm
Components: main

Types: deb
URIs: http://off.test/debian
Suites: bookworm
Components: main
Enabled: no

Types: deb
URIs: http://mirror.test/debian-security
Suites: bookworm-security
Components: main`;

test("reads deb822 sources: no source packages, none that are off, no key for a field", () => {
	expect(parseAptSources(DEB822, "sources")).toEqual([
		{ uri: "http://mirror.test/debian", suite: "bookworm", components: ["main"] },
		{ uri: "http://mirror.test/debian", suite: "bookworm-updates", components: ["main"] },
		{ uri: "http://mirror.test/debian-security", suite: "bookworm-security", components: ["main"] },
	]);
});

test.each([
	[
		"deb http://m.test/debian bookworm main contrib # ours",
		{ uri: "http://m.test/debian", suite: "bookworm", components: ["main", "contrib"] },
	],
	[
		"deb [arch=amd64 signed-by=/k.gpg] http://m.test/u jammy main",
		{ uri: "http://m.test/u", suite: "jammy", components: ["main"] },
	],
	["deb http://m.test/flat ./", { uri: "http://m.test/flat", suite: "./", components: [] }],
])("reads %s", (line, source) => {
	expect(parseAptSources(line, "list")).toEqual([source]);
});

test.each(["", "# deb http://m.test/debian bookworm main", "deb-src http://m.test/debian bookworm main", "deb"])(
	"no source: %j",
	(line) => {
		expect(parseAptSources(line, "list")).toEqual([]);
	},
);

test("a Debian machine has a mirror for every Debian, and none for Ubuntu", () => {
	const sources = [
		...parseAptSources("deb https://node.test/20 nodistro main", "list"),
		...parseAptSources(DEB822, "sources"),
	];
	const mirror = { archive: "http://mirror.test/debian", security: "http://mirror.test/debian-security" };
	expect(mirrorOf(sources, system("debian-12"))).toEqual(mirror);
	expect(mirrorOf(sources, system("debian-13"))).toEqual(mirror);
	expect(mirrorOf(sources, system("ubuntu-24.04"))).toBeUndefined();
});

test("a third party's suite of a release's name is no mirror", () => {
	expect(
		mirrorOf(parseAptSources("deb https://pg.test/apt bookworm-pgdg main", "list"), system("debian-12")),
	).toBeUndefined();
});

test.each([
	[
		"debian-13",
		"http://s.test/debian-security",
		"deb [signed-by=/k] http://m.test/a trixie main\ndeb [signed-by=/k] http://m.test/a trixie-updates main\ndeb [signed-by=/k] http://s.test/debian-security trixie-security main\n",
	],
	[
		"debian-12",
		undefined,
		"deb [signed-by=/k] http://m.test/a bookworm main\ndeb [signed-by=/k] http://m.test/a bookworm-updates main\n",
	],
	[
		"ubuntu-22.04",
		"http://m.test/a",
		"deb [signed-by=/k] http://m.test/a jammy main universe\ndeb [signed-by=/k] http://m.test/a jammy-updates main universe\ndeb [signed-by=/k] http://m.test/a jammy-security main universe\n",
	],
])("the sources of %s", (name, security, lines) => {
	expect(sourceLines(system(name), { archive: "http://m.test/a", security }, "/k")).toBe(lines);
});
