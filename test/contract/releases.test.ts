import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { expect, test } from "vitest";
import { systemRandom } from "../../src/cli/system.ts";
import type { Problem } from "../../src/errors.ts";
import type { Check } from "../../src/machine/monit-checks.ts";
import { checkProblems } from "../../src/machine/monit-dependencies.ts";
import type { ValueMap } from "../../src/manifest/deployment.ts";
import type { Renderer } from "../../src/template/render.ts";
import { createRubyRenderer } from "../../src/template/ruby/renderer.ts";
import { makeVariable } from "../../src/variables/generate.ts";
import { readCheckouts } from "../compatibility/checkouts.ts";
import { circumstances } from "../compatibility/circumstances.ts";
import { type ManifestJobs, manifestJobs } from "../compatibility/manifest-jobs.ts";
import { section, type TriedManifest, withSection } from "../compatibility/section.ts";
import { tryJob } from "../compatibility/try-job.ts";
import { tryRelease } from "../compatibility/try-release.ts";
import { realClock } from "../support/real-clock.ts";

/**
 * The releases of the platform that davit is for. They are no part of davit: DAVIT_RELEASES is a folder of their repositories, checked out by
 * hand, and of manifests (`manifests/*.yml`, as `davit int` prints them) that use them. With DAVIT_RELEASES_WRITE=1 the result goes into
 * docs/compatibility.md.
 */
const folder = process.env.DAVIT_RELEASES ?? "";
const page = join(import.meta.dirname, "../../docs/compatibility.md");

test("jobs of releases by others are read and rendered, and their monit files read", {
	timeout: 3_600_000,
}, async (context) => {
	if (folder === "") context.skip("DAVIT_RELEASES names no folder of releases that were checked out");
	const checkouts = await readCheckouts(folder);
	const certificate = await anyCertificate();
	const files = existsSync(join(folder, "manifests")) ? readdirSync(join(folder, "manifests")) : [];
	const manifests = files.map((name) => manifestJobs(join(folder, "manifests", name), checkouts, certificate));
	const asked = manifests.flatMap(({ jobs }) => jobs);
	const renderer = createRubyRenderer();
	try {
		const releases = [];
		for (const checkout of checkouts)
			releases.push(
				await tryRelease(
					checkout,
					asked.filter((use) => use.checkout === checkout),
					renderer,
				),
			);
		const tried: TriedManifest[] = [];
		for (const manifest of manifests) {
			tried.push(await tryManifest(manifest, renderer));
		}
		if (process.env.DAVIT_RELEASES_WRITE === "1")
			writeFileSync(
				page,
				withSection(
					readFileSync(page, "utf8"),
					section(releases, tried, circumstances(["release", "template", "machine", "plan", "manifest"])),
					"releases",
					"test/contract/releases.test.ts",
				),
			);
		const errors = checkouts.flatMap(({ problems }) => problems.filter(({ severity }) => severity === "error"));
		expect([...errors, ...releases.flatMap(({ failures }) => failures)].map(({ message }) => message)).toEqual([]);
	} finally {
		await renderer.close();
	}
});

async function tryManifest(manifest: ManifestJobs, renderer: Renderer): Promise<TriedManifest> {
	const templates = { rendered: 0, needs: 0, refused: 0, failed: 0 };
	const why: Problem[] = [];
	const checks = new Map<string, Check[]>();
	for (const { group, job, spec } of manifest.jobs) {
		const tried = await tryJob(job, spec, renderer);
		checks.set(group, [...(checks.get(group) ?? []), ...(tried.monit?.checks ?? [])]);
		for (const { outcome, problem } of tried.templates.values()) {
			templates[outcome] += 1;
			if (problem) why.push(problem);
		}
	}
	why.push(...[...checks.values()].flatMap(checkProblems));
	return { manifest, templates, why, checks: [...checks.values()].flat().length };
}

/** Some templates look into the certificates that they are given. */
async function anyCertificate(): Promise<ValueMap> {
	const options = { is_ca: true, common_name: "compatibility", alternative_names: ["compatibility.internal"] };
	const making = { clock: realClock, random: systemRandom };
	const made = await makeVariable(
		{ name: "certificate", type: "certificate", options, updateMode: "converge" },
		() => undefined,
		making,
	);
	return made as ValueMap;
}
