import type { Problem } from "../errors.ts";
import { problem } from "../errors.ts";
import type { LinkConsume, LinkProvide, ReleaseJob } from "./release.ts";

/** What a job's `spec` (in archives: `job.MF`) says. */
export interface JobSpec {
	readonly name: string;
	readonly description: string;
	/** Source below `templates/` and destination below the job's folder, in the order of the spec. */
	readonly templates: readonly { readonly source: string; readonly destination: string }[];
	readonly packages: readonly string[];
	readonly provides: readonly LinkProvide[];
	readonly consumes: readonly LinkConsume[];
	readonly properties: ReleaseJob["properties"];
}

type Data = { readonly [key: string]: unknown };

/**
 * Checks a job spec that YAML has read (bosh.io, "Job spec file"). Keys that it doesn't know are left alone, as BOSH does; what is
 * wrong goes to `problems` with `file` as its place.
 */
export function readJobSpec(value: unknown, file: string, problems: Problem[]): JobSpec {
	const fault = (message: string) => problems.push(problem("bad-job-spec", `${file}: ${message}`, { place: { file } }));
	const top = mapAt(value, "the spec", fault);
	if (typeof top.name !== "string") fault("name is missing");
	return {
		name: typeof top.name === "string" ? top.name : "",
		description: typeof top.description === "string" ? top.description : "",
		templates: Object.entries(mapAt(top.templates, "templates", fault)).flatMap(([source, destination]) => {
			if (typeof destination === "string") return [{ source, destination }];
			fault(`templates/${source} must name the file that it becomes`);
			return [];
		}),
		packages: listAt(top.packages, "packages", fault).flatMap((item, index) => {
			if (typeof item === "string") return [item];
			fault(`packages/${index} must be the name of a package`);
			return [];
		}),
		provides: links(top.provides, "provides", fault).map(({ name, type, data }) => ({
			name,
			type,
			properties: listAt(data.properties, `provides/${name}/properties`, fault).map(String),
		})),
		consumes: links(top.consumes, "consumes", fault).map(({ name, type, data }) => ({
			name,
			type,
			optional: data.optional === true,
		})),
		properties: properties(top.properties, fault),
	};
}

function properties(value: unknown, fault: (message: string) => void): ReleaseJob["properties"] {
	const found = new Map<string, { readonly description: string; readonly default?: unknown }>();
	for (const [name, definition] of Object.entries(mapAt(value, "properties", fault))) {
		const data = mapAt(definition, `properties/${name}`, fault);
		const description = typeof data.description === "string" ? data.description : "";
		found.set(name, "default" in data ? { description, default: data.default } : { description });
	}
	return found;
}

function links(
	value: unknown,
	key: string,
	fault: (message: string) => void,
): { readonly name: string; readonly type: string; readonly data: Data }[] {
	return listAt(value, key, fault).flatMap((item, index) => {
		const data = mapAt(item, `${key}/${index}`, fault);
		const { name, type } = data;
		if (typeof name === "string" && typeof type === "string") return [{ name, type, data }];
		fault(`${key}/${index} needs a name and a type`);
		return [];
	});
}

function mapAt(value: unknown, where: string, fault: (message: string) => void): Data {
	if (value === undefined || value === null) return {};
	if (typeof value === "object" && !Array.isArray(value)) return value as Data;
	fault(`${where} must be a map`);
	return {};
}

function listAt(value: unknown, where: string, fault: (message: string) => void): readonly unknown[] {
	if (value === undefined || value === null) return [];
	if (Array.isArray(value)) return value;
	fault(`${where} must be a list`);
	return [];
}
