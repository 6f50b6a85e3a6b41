import { expect, test } from "vitest";
import { failureOf } from "../../../../src/stemcell/build/failure.ts";

const UNREACHABLE = `Err:1 http://m.test/debian bookworm InRelease
  Could not connect to m.test:80
E: Failed to fetch http://m.test/debian/dists/bookworm/InRelease  Could not connect to m.test:80
E: Some index files failed to download. They have been ignored, or old ones used instead.
E: apt-get update --error-on=any failed
I: removing tempdir /x
E: mmdebstrap failed to run`;

test.each([
	[
		"a mirror that does not answer",
		UNREACHABLE,
		"mirror-unreachable",
		"the mirror does not give what is needed:\n  Failed to fetch http://m.test/debian/dists/bookworm/InRelease Could not connect to m.test:80",
	],
	[
		"a package that isn't there",
		"E: Unable to locate package linux-image-cloud-amd64\nE: mmdebstrap failed to run",
		"missing-package",
		"the mirror lacks packages of the image:\n  Unable to locate package linux-image-cloud-amd64",
	],
	[
		"a full disk",
		"dpkg: error: unable to write: No space left on device\nE: apt-get install failed",
		"no-space",
		"tool: there is no space left on the device",
	],
	["anything else", "one\ntwo\nfatal: three", "build-failed", "tool failed with 2:\n  one\n  two\n  fatal: three"],
])("%s", (_, text, code, message) => {
	expect(failureOf("tool", 2, text.split("\n"))).toMatchObject({ code, message });
});

test("a long list of errors is cut", () => {
	const lines = Array.from({ length: 9 }, (_, index) => `E: error ${index}`);
	expect(failureOf("tool", 1, lines).message).toMatch(/error 5\n {2}and 3 more$/);
});
