import { describe, expect, test } from "vitest";
import { compareContents, contentProblem, contentsOf } from "../../../src/release/compare.ts";
import { releaseOf } from "../../../src/release/open-release.ts";
import { readFolder } from "../../../src/release/read-folder.ts";
import { type Content, releaseTree, tiny } from "./trees.ts";

const release = async (changes: Readonly<Record<string, Content>> = {}) =>
	releaseOf(await readFolder(releaseTree({ ...tiny, ...changes })), "1");

describe("a release that was deployed before", () => {
	test("with the same content has no differences", async () => {
		expect(contentProblem(contentsOf(await release()), await release())).toBeUndefined();
	});

	test("with a changed template and package names both and what to do", async () => {
		const recorded = contentsOf(await release());
		const now = await release({ "jobs/app/templates/ctl.erb": "changed", "packages/empty/packaging": "changed" });
		expect(compareContents(recorded, now)).toEqual({ jobs: ["app"], packages: ["empty"] });
		expect(contentProblem(recorded, now)).toMatchObject({
			message: "release tiny/1 was deployed with other content: job app, package empty differ",
			hint: expect.stringContaining("new version") as unknown,
		});
	});

	test("with one job more names it", async () => {
		const now = await release({ "jobs/web/spec": "name: web\n" });
		expect(contentProblem(contentsOf(await release()), now)?.message).toBe(
			"release tiny/1 was deployed with other content: job web differs",
		);
	});
});
