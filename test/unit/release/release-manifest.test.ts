import { describe, expect, test } from "vitest";
import {
	formatReleaseManifest,
	parseReleaseManifest,
	type ReleaseManifest,
} from "../../../src/release/release-manifest.ts";

const manifest: ReleaseManifest = {
	name: "tiny",
	version: "49",
	commitHash: "1234567",
	uncommittedChanges: false,
	jobs: [{ name: "app", fingerprint: "12e4", sha1: "sha256:aa", packages: [] }],
	packages: [{ name: "on", fingerprint: "0x10", sha1: "sha256:bb", dependencies: ["zlib", "null"] }],
	compiledPackages: [],
	license: { fingerprint: "ff", sha1: "sha256:cc" },
	noCompression: false,
};

describe("release.MF", () => {
	test("is written with BOSH's keys, and quotes what YAML would read as something else", () => {
		expect(formatReleaseManifest(manifest)).toBe(`name: tiny
version: "49"
commit_hash: "1234567"
uncommitted_changes: false
jobs:
  - name: app
    version: "12e4"
    fingerprint: "12e4"
    sha1: sha256:aa
    packages: []
packages:
  - name: "on"
    version: "0x10"
    fingerprint: "0x10"
    sha1: sha256:bb
    dependencies:
      - zlib
      - "null"
license:
  version: ff
  fingerprint: ff
  sha1: sha256:cc
no_compression: false
`);
	});

	test("is read back as it was", () => {
		const { license, ...rest } = parseReleaseManifest(formatReleaseManifest(manifest), "release.MF");
		expect(rest).toEqual((({ license: _, ...others }) => others)(manifest));
		expect(license).toMatchObject(manifest.license ?? {});
	});

	test.each([
		["49", "49"],
		["1.10", "1.10"],
		["'1.10'", "1.10"],
		["0+dev.1", "0+dev.1"],
		["1_0", "1_0"],
	])("version: %s is %s", (written, version) => {
		expect(parseReleaseManifest(`name: x\nversion: ${written}\n`, "release.MF").version).toBe(version);
	});

	test("the last of two equal keys counts, as in BOSH", () => {
		expect(parseReleaseManifest("name: x\nname: y\nversion: 1\n", "release.MF").name).toBe("y");
	});
});
