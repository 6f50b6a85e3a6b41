import { expect, test } from "vitest";
import { interpolateManifest } from "../../../src/manifest/interpolate-manifest.ts";
import { isResurrected, readResurrection } from "../../../src/manifest/resurrection-config.ts";

const read = (...texts: readonly string[]) =>
	readResurrection(texts.map((text, index) => interpolateManifest({ manifest: { text, file: `r${index + 1}.yml` } })));
const told = (...texts: readonly string[]) =>
	read(...texts).problems.map(
		({ severity, code, message, place }) =>
			`${severity} ${code} ${place?.file}:${place?.line}:${place?.column} ${place?.path}: ${message}`,
	);

const NOT_D = "{enabled: false, include: {deployments: [d]}}";

/** A config, a deployment and a group of it, and whether that is repaired. */
test.each<[string, string, string, boolean]>([
	["rules: []", "d", "web", true],
	["{}", "d", "web", true],
	["rules: [{enabled: false}]", "d", "web", false],
	["rules: [{enabled: true}, {enabled: false}]", "d", "web", false],
	[`rules: [${NOT_D}]`, "d", "web", false],
	[`rules: [${NOT_D}]`, "other", "web", true],
	[`rules: [{enabled: true}, ${NOT_D}]`, "d", "web", false],
	["rules: [{enabled: false, include: {instance_groups: [web]}}]", "other", "web", false],
	["rules: [{enabled: false, include: {deployments: [d], instance_groups: [web]}}]", "d", "db", true],
	["rules: [{enabled: false, include: {deployments: [d], instance_groups: [web]}}]", "other", "web", true],
	["rules: [{enabled: false, exclude: {instance_groups: [web]}}]", "d", "web", true],
	["rules: [{enabled: false, exclude: {instance_groups: [web]}}]", "d", "db", false],
	["rules: [{enabled: false, include: {deployments: [d]}, exclude: {instance_groups: [web]}}]", "d", "web", true],
	["rules: [{enabled: false, include: {deployments: []}}]", "d", "web", true],
])("%s: %s %s is repaired: %s", (text, deployment, group, expected) => {
	const { resurrection, problems } = read(text);
	expect(problems).toEqual([]);
	expect(resurrection).toBeDefined();
	expect(isResurrected(resurrection?.rules ?? [], deployment, group)).toBe(expected);
});

test("rules of several configs add up; what else one says holds", () => {
	const { resurrection, problems } = read(
		`rules: [${NOT_D}]\nback_off: [0, 30]`,
		"rules: [{enabled: true}]\nmax_in_flight: 2",
	);
	expect(problems).toEqual([]);
	expect(resurrection).toEqual({
		rules: [{ enabled: false, include: { deployments: ["d"] } }, { enabled: true }],
		backOff: [0, 30],
		maxInFlight: { count: 2 },
	});
});

test("all that is wrong is told at once, with its place", () => {
	const wrong = "rules:\n- include: {deployment: [d]}\n- enabled: maybe\nmax_in_flight: some\nback_off: []\n";
	expect(told(wrong)).toMatchInlineSnapshot(`
		[
		  "error missing-key r1.yml:2:3 /rules/0/enabled: /rules/0 lacks the key "enabled"",
		  "error unknown-key r1.yml:2:13 /rules/0/include/deployment: unknown key "deployment" in /rules/0/include",
		  "error wrong-type r1.yml:3:3 /rules/1/enabled: enabled of /rules/1 must be true or false, but is a text",
		  "error wrong-type r1.yml:4:1 /max_in_flight: max_in_flight of the file must be a count or a percentage such as "50%", but is another text",
		  "error wrong-type r1.yml:5:1 /back_off: back_off of the file must be a list of seconds such as [0, 60], but is a list",
		]
	`);
	expect(told("max_per_hour: 3\nmax_in_flight: 80%")).toMatchInlineSnapshot(`
		[
		  "warning many-at-once r1.yml:2:1 /max_in_flight: 80 % of the VMs may be recreated at once",
		]
	`);
	expect(told("max_per_hour: 3", "max_per_hour: 4", "- rules")).toMatchInlineSnapshot(`
		[
		  "error config-twice r2.yml:1:1 undefined: "max_per_hour" stands in two of the files, and is no list that could go on in the second",
		  "error wrong-type r3.yml:1:1 undefined: the file must be a map, but is a list",
		]
	`);
});
