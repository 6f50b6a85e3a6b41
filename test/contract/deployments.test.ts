import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { expect, test } from "vitest";
import { parseYaml } from "../../src/manifest/yaml.ts";
import { circumstances } from "../compatibility/circumstances.ts";
import { table, withSection } from "../compatibility/section.ts";
import { type Deployments, type TriedDeployments, tryDeployments } from "../compatibility/try-deployment.ts";
import { findOnPath } from "../support/on-path.ts";

/**
 * Manifests and ops files by others, held beside the BOSH CLI. They are no part of davit: DAVIT_DEPLOYMENTS is a folder of their
 * repositories, checked out by hand, and of list.yml, which names them. With DAVIT_RELEASES_WRITE=1 the result goes into
 * docs/compatibility.md.
 */
const folder = process.env.DAVIT_DEPLOYMENTS ?? "";
const page = join(import.meta.dirname, "../../docs/compatibility.md");
const bosh = findOnPath("bosh") ?? "";

test("manifests and ops files by others are interpolated as by bosh int", { timeout: 3_600_000 }, async (context) => {
	if (!existsSync(join(folder, "list.yml"))) context.skip("DAVIT_DEPLOYMENTS names no folder with a list.yml");
	if (bosh === "") context.skip("there is no bosh on the PATH");
	const list = parseYaml(readFileSync(join(folder, "list.yml"), "utf8"), "list.yml").value as unknown as Deployments[];
	const tried: TriedDeployments[] = [];
	for (const each of list) tried.push(await tryDeployments(folder, each, bosh));
	if (process.env.DAVIT_RELEASES_WRITE === "1") {
		const text = withSection(
			readFileSync(page, "utf8"),
			section(tried),
			"deployments",
			"test/contract/deployments.test.ts",
		);
		writeFileSync(page, text);
	}
	expect(tried.every(({ runs, equal }) => runs > 0 && equal > 0)).toBe(true);
	expect(tried.flatMap(({ different }) => different)).toEqual([]);
});

function section(tried: readonly TriedDeployments[]): string {
	const { date, commit } = circumstances(["manifest"]);
	const sum = (of: (each: TriedDeployments) => number) => tried.reduce((total, each) => total + of(each), 0);
	const rows = tried.map(({ name, runs, equal, bothRefused, different }) => [
		name,
		runs,
		equal,
		bothRefused,
		different.length,
	]);
	const all = [
		"all",
		sum(({ runs }) => runs),
		sum(({ equal }) => equal),
		sum(({ bothRefused }) => bothRefused),
		sum(({ different }) => different.length),
	];
	const why = tried.flatMap(({ different }) => different.map((each) => `- ${each}`));
	return `Taken on ${date} with davit at ${commit}: each manifest plain, and with each ops file of its repository alone, interpolated by davit and by
the BOSH CLI, the results compared as data. Refused by both: an ops file that needs another before it, or that is none.

${table(["repository", "runs", "equal", "refused by both", "different"], [...rows, all], 1)}
${why.length === 0 ? "" : `\n${why.join("\n")}\n`}`;
}
