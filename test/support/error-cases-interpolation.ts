import { explainValue } from "../../src/manifest/explain.ts";
import { interpolateManifest, printInterpolated } from "../../src/manifest/interpolate-manifest.ts";
import {
	type ErrorCase,
	type ErrorCases,
	edited,
	files,
	inManifest,
	MANIFEST,
	refusal,
	SECRET,
} from "./error-cases.ts";

const op = (text: string): ErrorCase => files({ ops: [{ text, file: "ops/scale.yml" }] });
const vars = (text: string) => ({ varsFiles: [{ text, file: "vars.yml" }] });
const port = (value: string): readonly [string, string] => ["{port: 8080}", `{port: ${value}}`];
const withPort = (value: string) => edited(MANIFEST, [port(value)]);
const texts = { manifest: { text: MANIFEST, file: "shop.yml" } };

/** What is wrong with YAML, ops files and given variables. */
export const interpolationCases: ErrorCases = {
	"duplicate-variable": [
		files({
			manifest: `${MANIFEST}- name: db_password\n  type: password\n`,
			variables: vars(`db_password: ${SECRET}\n`),
		}),
	],
	"empty-ca": [files({ manifest: withPort("((root.ca))"), variables: vars('root: {ca: ""}\n') })],
	"empty-variable": [files({ variables: { vars: [["port", ""]] } })],
	"missing-variable": [
		files({ manifest: withPort("((web_port))") }),
		files({ manifest: withPort("((web_port))"), varErrs: true }),
	],
	ops: [
		op("- type: replace\n  path: /instance_groups/name=wbe/instances\n  value: 3\n"),
		op("- type: replace\n  path: /instance_groups/name=web/instnces\n  value: 3\n"),
		op("- type: remove\n  path: /instance_groups/7\n"),
		op("- type: replace\n  path: /instance_groups/web/instances\n  value: 3\n"),
		op("- type: test\n  path: /name\n  value: store\n"),
	],
	"ops-file": [
		op("instances: 3\n"),
		op("- type: replcae\n  path: /name\n  value: store\n"),
		op("- type: replace\n  path: instance_groups/0/instances\n  value: 3\n"),
		op("- type: replace\n  path: /instance_groups/0/instances\n"),
	],
	path: [
		() => refusal(() => printInterpolated(interpolateManifest(texts), "/instance_groups/name=web/instnces")),
		() => {
			const given = { ...texts, ops: [{ text: "- type: remove\n  path: /variables\n", file: "ops/bare.yml" }] };
			const interpolated = interpolateManifest(given);
			const explaining = { texts: given, interpolated, hidden: new Set<string>() };
			return refusal(() => explainValue("/variables/name=db_password", explaining));
		},
	],
	"unused-duration": [
		files({
			manifest: edited(MANIFEST, [port("((cert.private_key))")]).concat(
				"- {name: cert, type: certificate, options: {is_ca: true}}\n",
			),
			variables: vars("cert_days: 730\n"),
		}),
	],
	"unused-variable": [
		files({ manifest: `${MANIFEST}- name: old_password\n  type: password\n` }),
		files({ variables: vars("prot: 8080\n"), varErrsUnused: true }),
	],
	"variable-part": [
		files({ manifest: withPort("((web.prot))"), variables: vars("web: {port: 8080}\n") }),
		files({
			variables: {
				vars: [
					["web", "8080"],
					["web.port", "8080"],
				],
			},
		}),
	],
	"variable-ring": [
		files({
			manifest: `${MANIFEST}- {name: a, type: password, options: {length: ((b))}}\n- {name: b, type: password, options: {length: ((a))}}\n`,
		}),
	],
	"variable-too-late": [inManifest(["  - name: app\n", "  - name: app-((db_password))\n"])],
	"variable-type": [files({ manifest: withPort('"http://((web))"'), variables: vars("web: {port: 8080}\n") })],
	"vars-file": [files({ variables: vars("- type: replace\n  path: /name\n  value: store\n") })],
	"yaml-alias": [inManifest(port("*port")), inManifest(port("&port [*port]"))],
	"yaml-key": [inManifest(port("8080, {a: 1}: 2"))],
	"yaml-merge": [files({ manifest: `x: &port 8080\n${withPort("8080, <<: *port")}` })],
	"yaml-syntax": [
		inManifest(["  instances: 2\n", "\tinstances: 2\n"]),
		inManifest(["  instances: 2\n", "  instances: 2\n   vm_type: big\n"]),
		inManifest(port('"8080')),
		inManifest(port("http://a?b")),
	],
	"yaml-version": [files({ manifest: `%YAML 1.2\n---\n${MANIFEST}` })],
};
