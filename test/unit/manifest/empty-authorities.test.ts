import { expect, test } from "vitest";
import { interpolateManifest } from "../../../src/manifest/interpolate-manifest.ts";
import { parseDeployment } from "../../../src/manifest/schema.ts";
import { group, manifest } from "./read-files.ts";

function problemsOf(reference: string, root: string): readonly string[] {
	const text = manifest(group("web", `, properties: {tls: {trusted: "${reference}"}}`));
	const interpolated = interpolateManifest({
		manifest: { text, file: "m.yml" },
		variables: { vars: [["root", root]] },
	});
	// `int` prints what was given, as BOSH does.
	expect(interpolated.problems).toEqual([]);
	const { problems } = parseDeployment(interpolated, "/");
	return problems.map(
		({ place, message, hint }) => `${place?.file}:${place?.line} ${place?.path} ${message} (${hint})`,
	);
}

test.each([
	["a text of nothing", '{ca: "", certificate: pem}'],
	["a line break", '{ca: "\\n", certificate: pem}'],
	["null", "{ca: ~, certificate: pem}"],
])("a CA that is %s is an error that names the variable, not an empty file on a VM", (_, root) => {
	expect(problemsOf("((root.ca))", root)).toEqual([
		`m.yml:6 /instance_groups/0/properties/tls/trusted ((root.ca)) is empty: the variable "root" names no CA (put the PEM text of the CA's certificate there (of a root, its own certificate), or give no "root" and define it under variables:)`,
	]);
});

test("inside a longer text too", () => {
	expect(problemsOf("x ((root.ca)) y", '{ca: ""}')).toHaveLength(1);
});

test.each([
	["a CA that is there", "((root.ca))", "{ca: pem}"],
	["another part that is empty", "((root.certificate))", '{ca: pem, certificate: ""}'],
	["the whole of a certificate without CA", "((root))", '{ca: "", certificate: pem}'],
])("%s is none", (_, reference, root) => {
	expect(problemsOf(reference, root)).toEqual([]);
});
