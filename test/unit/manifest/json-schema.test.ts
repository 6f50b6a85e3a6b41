import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, test } from "vitest";
import { interpolateManifest } from "../../../src/manifest/interpolate-manifest.ts";
import { type JsonSchema, jsonSchema, type SchemaName, schemas } from "../../../src/manifest/json-schema.ts";
import { parseCloud, parseDeployment } from "../../../src/manifest/schema.ts";
import { parseYaml } from "../../../src/manifest/yaml.ts";
import { kpaasMin, kpaasMinMissing } from "../../support/kpaas-min.ts";
import { CLOUD, group, manifest } from "./read-files.ts";

const names = Object.keys(schemas) as SchemaName[];
const manifests = join(import.meta.dirname, "../../../manifests");

/** What somebody else's validator says of a text. */
const ajv = new Ajv2020({ strict: false, allErrors: true });
const validators = Object.fromEntries(names.map((name) => [name, ajv.compile(jsonSchema(name))]));
function invalid(name: SchemaName, text: string): string {
	validators[name]?.(parseYaml(text, "m.yml").value);
	return ajv.errorsText(validators[name]?.errors, { separator: "\n" });
}

const files = (folder: string) =>
	readdirSync(folder).flatMap((name) => (name.endsWith(".yml") ? [join(folder, name)] : []));

test.each([
	...files(manifests).map((file) => ["deployment", file] as const),
	...files(join(manifests, "cloud")).map((file) => ["cloud", file] as const),
])("as %s, %s is valid", (name, file) => {
	expect(invalid(name, readFileSync(file, "utf8"))).toBe("No errors");
});

test.skipIf(kpaasMinMissing !== undefined)(`the platform's published files are valid ${kpaasMinMissing ?? ""}`, () => {
	expect(invalid("deployment", readFileSync(join(kpaasMin, "min-ap-deployment.yml"), "utf8"))).toBe("No errors");
	for (const file of files(join(kpaasMin, "cloud-config")))
		expect(invalid("cloud", readFileSync(file, "utf8")), file).toBe("No errors");
});

const whole = manifest(group("web", ", persistent_disk: 100, vm_extensions: [lb]"));

/** What a text becomes, whether it is right, and what davit itself says of it. */
test.each<[string, string, string]>([
	["right", "d", "d"],
	["right", "instances: 1", "instances: ((count))"],
	["right", "azs: [z1]", "azs: ((azs))"],
	["right", "canaries: 1", "canaries: 10%"],
	["right", 'version: "1"', "version: 1"],
	["right", "stemcell: default", "stemcell: default, env: {bosh: {swap_size: 0}}"],
	["right", "release: tiny}", "release: tiny, consumes: {a: nil, b: {from: c}}}"],
	["wrong", "instances: 1", "instances: one"],
	["wrong", "instances: 1", "instances: -1"],
	["wrong", "azs: [z1]", "azs: z1"],
	["wrong", "jobs:", "templates:"],
	["right", "stemcell: default", "stemcell: default, persistent_disks: [{name: a, type: b}]"],
	["wrong", "stemcell: default", "stemcell: default, persistent_disks: [{name: a}]"],
	["wrong", "stemcell: default", "stemcell: default, lifecycle: job"],
	["wrong", "stemcells:", "stemcels:"],
	["wrong", "canaries: 1", "canaries: some"],
	["wrong", "canaries: 1, ", ""],
	["wrong", "persistent_disk: 100", "persistent_disk: ten"],
	["wrong", "release: tiny}", "release: tiny, consumes: {a: {form: c}}}"],
	["wrong", "max_in_flight: 50%", "max_in_flight: [1]"],
])("%s for the schema as for davit: %s as %s", (verdict, from, to) => {
	const text = whole.replace(from, to);
	expect(text === whole).toBe(from === to);
	const read = parseDeployment(interpolateManifest({ manifest: { text, file: "m.yml" } }), "/");
	const codes = new Set(read.problems.map(({ code }) => code));
	const known = ["not-yet", "unknown-key", "missing-key", "wrong-type"].some((code) => codes.has(code));
	expect([invalid("deployment", text) === "No errors", known]).toEqual(
		verdict === "right" ? [true, false] : [false, true],
	);
});

test.each([
	["networks:", "netwroks:"],
	["disk_size: 1024", "disk_size: much"],
	["type: manual", "type: automatic"],
	["workers: 2", "workers: 0"],
	["cpis: [{name: main, type: local}]", "cpis: [{name: main, type: local, exec_path: /x}]"],
])("wrong for the cloud's schema as for davit: %s as %s", (from, to) => {
	expect(invalid("cloud", CLOUD)).toBe("No errors");
	const text = CLOUD.replace(from, to);
	expect(invalid("cloud", text)).not.toBe("No errors");
	expect(parseCloud(interpolateManifest({ manifest: { text, file: "c.yml" } })).problems).not.toEqual([]);
});

test.each(names)("every key of %s is described, and the same text comes out each time", (name) => {
	expect(undescribed(jsonSchema(name), "")).toEqual([]);
	expect(JSON.stringify(jsonSchema(name))).toBe(JSON.stringify(jsonSchema(name)));
});

function undescribed({ properties = {}, items, anyOf = [], additionalProperties }: JsonSchema, path: string): string[] {
	const parts = [...anyOf, ...(items ? [items] : []), ...(additionalProperties ? [additionalProperties] : [])];
	return [
		...Object.entries(properties).flatMap(([key, part]) => [
			...(part.description ? [] : [`${path}/${key}`]),
			...undescribed(part, `${path}/${key}`),
		]),
		...parts.flatMap((part) => undescribed(part, path)),
	];
}
