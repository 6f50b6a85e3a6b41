import { expect, test } from "vitest";
import { jobProperties, unusedProperties } from "../../../src/template/properties.ts";
import { jobUse, releaseJob } from "../../support/links.ts";

const job = releaseJob("app", {
	properties: { port: 80, "tls.ca": undefined, "tls.on": false, limits: { b: 1, a: { d: 1, c: 2 } }, list: [] },
});

test("only what the spec declares is there, as given, else its default", () => {
	const given = { port: 8080, tls: { ca: "((ca.certificate))", key: "undeclared" }, other: 1 };
	expect(jobProperties(job, given)).toEqual({
		properties: {
			port: 8080,
			tls: { ca: "((ca.certificate))", on: false },
			limits: { a: { c: 2, d: 1 }, b: 1 },
			list: [],
		},
		problems: [],
	});
});

test.each([
	[null, 80],
	[undefined, 80],
	[false, false],
	[0, 0],
	["", ""],
])("given %j, a property is %j", (value, expected) => {
	const given = value === undefined ? {} : { port: value };
	expect(jobProperties(job, given).properties.port).toBe(expected);
});

test("a property without value and default is null", () => {
	expect(jobProperties(job, { tls: null }).properties.tls).toEqual({ ca: null, on: false });
});

test("maps come in the order of their keys, so that the same values give the same text", () => {
	const one = jobProperties(job, { limits: { y: 1, x: { b: 1, a: 2 } } }).properties.limits;
	expect(JSON.stringify(one)).toBe('{"x":{"a":2,"b":1},"y":1}');
});

test("something else than a map where properties are below it is an error", () => {
	const { problems } = jobProperties(job, { tls: "on" }, "/instance_groups/0");
	expect(problems.map(({ code, place }) => `${code} ${place?.path}`)).toEqual([
		"property-not-a-map /instance_groups/0/properties/tls",
		"property-not-a-map /instance_groups/0/properties/tls",
	]);
});

test("what no job of the group declares is a warning with the nearest right name", () => {
	const uses = [
		jobUse(job, { properties: { prot: 1, tls: { cas: "x" }, limits: { anything: 1 }, workers: 2 } }),
		jobUse(releaseJob("other", { properties: { workers: 1 } })),
	];
	expect(
		unusedProperties({ name: "web", properties: { port: 1, zzz: { a: 1 } } }, uses, "/instance_groups/0").map(
			({ severity, place, message, hint }) => `${severity}: ${place?.path}: ${message}; ${hint}`,
		),
	).toEqual([
		'warning: /instance_groups/0/jobs/name=app/properties/prot: web: job "app": property "prot" is declared by no job of the group, so nothing reads it; did you mean "port"?',
		'warning: /instance_groups/0/jobs/name=app/properties/tls/cas: web: job "app": property "tls.cas" is declared by no job of the group, so nothing reads it; did you mean "tls.ca"?',
		'warning: /instance_groups/0/properties/zzz: web: group: property "zzz" is declared by no job of the group, so nothing reads it; remove it, or declare it in the spec of the job that is to read it',
	]);
});
