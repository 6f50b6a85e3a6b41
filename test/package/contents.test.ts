import { execFileSync } from "node:child_process";
import { cpSync, globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, inject, test } from "vitest";

const checkout = join(import.meta.dirname, "../..");
const packed = inject("packed");

test("the package holds what runs and what its manifests install, and nothing else", () => {
	const places = packed.map((path) => path.replace(/^(manifests|stemcells)\/.*|^([^/]+\/[^/]+)\/.*/, "$1$2"));
	expect([...new Set(places)]).toEqual([
		"CHANGELOG.md",
		"LICENSE",
		"README.ko.md",
		"README.md",
		"bin/check-node.cjs",
		"bin/davit",
		"dist/cpis",
		"dist/src",
		"manifests",
		"package.json",
		"releases/min-platform",
		"stemcells",
	]);
});

test("each source file has its compiled one, each script is there, and none is left of a former build", () => {
	const sources = globSync("{src,cpis}/**/*", { cwd: checkout, withFileTypes: true })
		.filter((entry) => entry.isFile())
		.map((entry) => join(entry.parentPath, entry.name).slice(checkout.length + 1));
	const expected = sources
		.filter((path) => !path.endsWith(".md"))
		.map((path) => `dist/${path.replace(/\.ts$/, ".js")}`);
	expect(packed.filter((path) => path.startsWith("dist/"))).toEqual(expected.sort());
});

test("the default cloud file is there, and what says where the release's blobs are and what images hold", () => {
	const needed = ["manifests/cloud/local.yml", "releases/min-platform/config/blobs.yml", "stemcells/packages.yml"];
	expect(packed).toEqual(expect.arrayContaining(needed));
});

test("what create-release keeps in a release's folder stays out, and so do its credentials", () => {
	const folder = mkdtempSync(join(tmpdir(), "davit-pack-"));
	try {
		for (const path of ["package.json", ".gitignore", "releases"])
			cpSync(join(checkout, path), join(folder, path), { recursive: true });
		const kept = [
			"blobs/node/node.tgz",
			"dev_releases/min-platform/1.tgz",
			".dev_builds/index.yml",
			"config/private.yml",
		];
		for (const path of kept.map((path) => join(folder, "releases/min-platform", path))) {
			mkdirSync(dirname(path), { recursive: true });
			writeFileSync(path, "of the developer's own\n");
		}
		const told = execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts", "--loglevel=error"], {
			cwd: folder,
			encoding: "utf8",
		});
		const [{ files }] = JSON.parse(told) as [{ files: readonly { path: string }[] }];
		const releases = (paths: readonly string[]) => paths.filter((path) => path.startsWith("releases/")).sort();
		expect(releases(files.map(({ path }) => path))).toEqual(releases(packed));
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
});
