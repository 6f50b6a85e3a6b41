import { type Problem, problem, warning } from "../errors.ts";
import type { InstanceGroup, JobRef, Value, ValueMap } from "../manifest/deployment.ts";
import { nearest } from "../manifest/nearest.ts";
import { pathOf } from "../manifest/path.ts";
import type { ReleaseJob } from "../release/release.ts";

/**
 * What a job's templates see: the properties that its spec declares, each as given, else its default. Null counts as not given, and stays as
 * null where there is no default. Maps are in the order of their keys, as BOSH sorts them. `at` is the path of what has `properties`.
 */
export function jobProperties(
	job: ReleaseJob,
	given: ValueMap,
	at?: string,
): { readonly properties: ValueMap; readonly problems: readonly Problem[] } {
	const properties: Record<string, unknown> = {};
	const problems: Problem[] = [];
	for (const [name, { default: preset }] of job.properties) {
		const found = findProperty(given, name);
		if (found.blockedBy) problems.push(notAMap(job, name, found.blockedBy, at));
		setProperty(properties, name, sorted(found.value ?? (preset as Value | undefined) ?? null));
	}
	return { properties: properties as ValueMap, problems };
}

/** The value at a dotted name; `blockedBy` says where something else than a map stands on the way. */
export function findProperty(given: ValueMap, name: string): { readonly value?: Value; readonly blockedBy?: string } {
	let node: Value | undefined = given;
	const walked: string[] = [];
	for (const key of name.split(".")) {
		if (node === null || node === undefined) return {};
		if (!isMap(node)) return { blockedBy: walked.join(".") };
		node = Object.hasOwn(node, key) ? node[key] : undefined;
		walked.push(key);
	}
	return node === null || node === undefined ? {} : { value: node };
}

/** Sets the value at a dotted name, making the maps on the way. */
export function setProperty(target: Record<string, unknown>, name: string, value: unknown): void {
	const keys = name.split(".");
	const last = keys.pop() ?? "";
	let node = target;
	for (const key of keys) {
		if (!isMap(node[key] as Value)) node[key] = {};
		node = node[key] as Record<string, unknown>;
	}
	node[last] = value;
}

/** Warnings for what is given to the jobs of a group and declared by none of them: most often it is misspelt. */
export function unusedProperties(
	{ name: group, properties }: Pick<InstanceGroup, "name" | "properties">,
	uses: readonly { readonly ref: JobRef; readonly job: ReleaseJob; readonly path: string }[],
	groupPath: string,
): readonly Problem[] {
	const declared = [...new Set(uses.flatMap(({ job }) => [...job.properties.keys()]))];
	const own = uses.flatMap(({ ref, path }) =>
		undeclared(ref.properties ?? {}, declared).map((keys) =>
			unused({ where: `${group}: job "${ref.name}"`, path }, keys, declared),
		),
	);
	const shared = undeclared(properties, declared).map((keys) =>
		unused({ where: `${group}: group`, path: groupPath }, keys, declared),
	);
	return [...own, ...shared];
}

/** The keys that lead to each. */
function undeclared(
	given: ValueMap,
	declared: readonly string[],
	above: readonly string[] = [],
): readonly (readonly string[])[] {
	return Object.entries(given).flatMap(([key, value]) => {
		const keys = [...above, key];
		const name = keys.join(".");
		if (declared.includes(name)) return [];
		const holdsDeclared = declared.some((other) => other.startsWith(`${name}.`));
		if (!holdsDeclared) return [keys];
		return isMap(value) ? undeclared(value, declared, keys) : [];
	});
}

function unused(
	{ where, path }: { readonly where: string; readonly path: string },
	keys: readonly string[],
	declared: readonly string[],
): Problem {
	const name = keys.join(".");
	const near = nearest(name, declared);
	return warning(
		"property-unused",
		`${where}: property "${name}" is declared by no job of the group, so nothing reads it`,
		{
			place: { path: `${path}${pathOf(["properties", ...keys])}` },
			hint: near ? `did you mean "${near}"?` : "remove it, or declare it in the spec of the job that is to read it",
		},
	);
}

function notAMap(job: ReleaseJob, name: string, blockedBy: string, at: string | undefined): Problem {
	const message = `job "${job.name}" of release "${job.release}": property "${name}" needs a map at "${blockedBy}", and something else is given there`;
	return problem("property-not-a-map", message, {
		...(at === undefined ? {} : { place: { path: `${at}${pathOf(["properties", ...blockedBy.split(".")])}` } }),
		hint: `give "${blockedBy}" as a map with the keys that ${job.specFile} declares`,
	});
}

function sorted(value: Value): Value {
	if (!isMap(value)) return value;
	const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
	return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]));
}

function isMap(value: Value | undefined): value is ValueMap {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}
