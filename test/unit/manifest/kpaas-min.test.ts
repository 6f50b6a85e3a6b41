import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import type { Value } from "../../../src/manifest/deployment.ts";
import { interpolateManifest } from "../../../src/manifest/interpolate-manifest.ts";
import { kpaasMin, kpaasMinMissing, recipes } from "../../support/kpaas-min.ts";

beforeEach((context) => context.skip(kpaasMinMissing !== undefined, kpaasMinMissing));

const read = (path: string) => ({ text: readFileSync(join(kpaasMin, path), "utf8"), file: basename(path) });
const size = (value: Value, key: string) => ((value as Record<string, Value>)[key] as Value[]).length;

test("the base manifest has 32 releases, 129 variables and one duplicate key, at line 979", () => {
	const { value, warnings, problems } = interpolateManifest({ manifest: read("min-ap-deployment.yml") });
	expect(problems).toEqual([]);
	expect([size(value, "releases"), size(value, "variables")]).toEqual([32, 129]);
	expect(warnings.map(({ code, place }) => [code, place?.line])).toEqual([["duplicate-key", 979]]);
});

test.each(recipes)("$iaas, $vms VMs: what the ops files leave of its releases and variables", ({ vms, ops }) => {
	const texts = { manifest: read("min-ap-deployment.yml"), ops: ops.map((name) => read(`operations/${name}.yml`)) };
	const { value, problems } = interpolateManifest(texts);
	expect(problems).toEqual([]);
	expect([size(value, "releases"), size(value, "variables")]).toEqual(vms === 4 ? [33, 126] : [34, 128]);
});
