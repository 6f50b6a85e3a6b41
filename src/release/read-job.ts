import { isUtf8 } from "node:buffer";
import { type Problem, problem, UserError, warning } from "../errors.ts";
import { parseYaml } from "../manifest/yaml.ts";
import { type JobSpec, readJobSpec } from "./job-spec.ts";
import type { ReleaseJob } from "./release.ts";

/** Where a job's files come from: a folder or an archive. */
export interface JobFiles {
	readonly release: string;
	/** The job's folder or archive, for messages: `jobs/app`, `jobs/app.tgz`. */
	readonly where: string;
	/** Name of the spec below it: `spec` or `job.MF`. */
	readonly specName: string;
	/** Bytes of a file by its path in the job's archive (`monit`, `templates/ctl.erb`); undefined if absent. */
	read(path: string): Promise<Uint8Array | undefined>;
	/** Extra monit files beside `monit`, as archives of the old CLI hold them. */
	readonly monitFiles: readonly string[];
}

/** A job without what only its archive or folder knows: its fingerprint and digest. */
export type JobContent = Omit<ReleaseJob, "fingerprint" | "digest">;

/** Reads one job. All that is wrong goes to `problems`; then the answer is undefined. */
export async function readJob(files: JobFiles, name: string, problems: Problem[]): Promise<JobContent | undefined> {
	const before = problems.length;
	const specFile = `${files.where}/${files.specName}`;
	const text = async (path: string): Promise<string | undefined> => {
		const bytes = await files.read(path);
		return bytes && decode(bytes, `${files.where}/${path}`, problems);
	};
	const spec = parseSpec(await text(files.specName), specFile, problems);
	if (spec === undefined) return undefined;
	if (spec.name !== name && spec.name !== "")
		problems.push(
			problem("job-name-mismatch", `${specFile} calls the job ${spec.name}, where it stands it is ${name}`),
		);
	const templates: { source: string; destination: string; content: string }[] = [];
	for (const { source, destination } of spec.templates) {
		const content = await text(`templates/${source}`);
		if (!inside(destination)) problems.push(escapes(specFile, destination));
		else if (content === undefined) problems.push(noTemplate(specFile, files.where, source));
		else templates.push({ source, destination, content });
	}
	const monitFiles: Record<string, string> = {};
	for (const file of files.monitFiles) monitFiles[file] = (await text(file)) ?? "";
	for (const { destination, content } of templates)
		if (/^[^/]+\.monit$/.test(destination)) monitFiles[destination] = content;
	const propertiesSchema = await text("properties_schema.json");
	const monit = (await text("monit")) ?? "";
	if (problems.slice(before).some(({ severity }) => severity === "error")) return undefined;
	return {
		name,
		release: files.release,
		specFile,
		description: spec.description,
		packages: spec.packages,
		templates,
		monit,
		extraMonit: monitFiles,
		provides: spec.provides,
		consumes: spec.consumes,
		properties: spec.properties,
		errand: templates.some(({ destination }) => destination === "bin/run"),
		...(propertiesSchema === undefined ? {} : { propertiesSchema }),
	};
}

function parseSpec(text: string | undefined, file: string, problems: Problem[]): JobSpec | undefined {
	if (text === undefined) {
		problems.push(problem("no-job-spec", `${file} is missing`, { place: { file } }));
		return undefined;
	}
	try {
		const { value, warnings } = parseYaml(text, file);
		problems.push(...warnings);
		return readJobSpec(value, file, problems);
	} catch (error) {
		if (!(error instanceof UserError)) throw error;
		problems.push(...error.problems);
		return undefined;
	}
}

/** Old releases hold texts in other encodings: a byte that isn't UTF-8 is read as Latin-1, and said so. */
function decode(bytes: Uint8Array, where: string, problems: Problem[]): string {
	if (isUtf8(bytes)) return Buffer.from(bytes).toString("utf8");
	problems.push(
		warning("not-utf8", `${where} is no UTF-8 text: letters beyond ASCII will come out wrong`, {
			hint: "convert the file, for example: iconv -f EUC-KR -t UTF-8",
		}),
	);
	return Buffer.from(bytes).toString("latin1");
}

function inside(path: string): boolean {
	return path !== "" && !path.startsWith("/") && !path.split("/").includes("..");
}

function escapes(specFile: string, destination: string): Problem {
	return problem("path-escapes", `${specFile}: the template destination ${destination} lies outside the job's folder`);
}

function noTemplate(specFile: string, where: string, source: string): Problem {
	return problem(
		"no-template",
		`${specFile} names the template ${source}, but ${where}/templates/${source} is missing`,
	);
}
