import type { Condition, Resource } from "./monit-checks.ts";
import { MonitSyntax, type Reader } from "./monit-reader.ts";
import { operatorOf, unitOf } from "./monit-units.ts";

const WORDS: Readonly<Record<string, Resource>> = {
	cpu: "cpu",
	totalcpu: "totalcpu",
	mem: "mem",
	memory: "mem",
	totalmem: "totalmem",
	totalmemory: "totalmem",
	children: "children",
	child: "children",
	swap: "swap",
	loadavg: "loadavg1",
};

/** True for the words that begin a resource test. */
export function isResource(word: string): boolean {
	return Object.hasOwn(WORDS, word);
}

/** `totalmem > 500 Mb`, `cpu > 90%`, `loadavg (5min) > 4`, `cpu (user) > 70%`. */
export function resourceCondition(reader: Reader): Condition {
	const resource = variant(reader, WORDS[reader.expect(...Object.keys(WORDS))] ?? "cpu");
	const operator = operatorOf(reader);
	const count = reader.number("a limit");
	const limit = (value: number, of: Resource = resource): Condition => ({
		type: "resource",
		resource: of,
		operator,
		limit: Math.round(value),
	});
	if (resource === "children") return limit(count);
	if (resource.startsWith("loadavg")) return limit(count * 100);
	const percent = reader.accept("%", "percent");
	if (percent)
		return limit(count * 10, /^(total)?mem$|^swap$/.test(resource) ? (`${resource}%` as Resource) : resource);
	if (resource.includes("cpu"))
		throw new MonitSyntax(reader.line(), "a cpu limit has no `%`", "write it as `cpu > 90%`");
	return limit((count * unitOf(reader)) / 1024);
}

function variant(reader: Reader, resource: Resource): Resource {
	if (resource === "loadavg1" && reader.follows(/^(1|5|15)(m|min)?$/)) {
		const minutes = Number.parseInt(reader.word("minutes"), 10);
		reader.accept("m", "min");
		return minutes === 5 ? "loadavg5" : minutes === 15 ? "loadavg15" : "loadavg1";
	}
	if (resource !== "cpu") return resource;
	if (reader.accept("user", "usr", "us")) return "cpu-user";
	if (reader.accept("system", "sys", "sy")) return "cpu-system";
	return reader.accept("wait", "wa") ? "cpu-wait" : "cpu";
}
