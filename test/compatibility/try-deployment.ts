import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { promisify } from "node:util";
import { interpolateManifest } from "../../src/manifest/interpolate-manifest.ts";
import { parseYaml } from "../../src/manifest/yaml.ts";

/** A repository of deployment manifests and ops files, as checked out by hand. Paths count from the folder of all of them. */
export interface Deployments {
	readonly name: string;
	readonly manifests: readonly string[];
	/** Folders whose YAML files, at any depth, are each put over each manifest alone. */
	readonly ops: readonly string[];
}

/** What came of the runs of both tools on one repository. */
export interface TriedDeployments {
	readonly name: string;
	readonly runs: number;
	/** Both gave a document, and the data are the same. */
	readonly equal: number;
	/** Both refused. */
	readonly bothRefused: number;
	/** `ops file: what came out`, where the two disagree. */
	readonly different: readonly string[];
}

/** Interpolates each manifest plain, and with each ops file alone, by davit and by the BOSH CLI. */
export async function tryDeployments(
	folder: string,
	{ name, manifests, ops }: Deployments,
	bosh: string,
): Promise<TriedDeployments> {
	const files = ops.flatMap((each) =>
		readdirSync(join(folder, each), { recursive: true, encoding: "utf8" })
			.filter((path) => /\.ya?ml$/.test(path))
			.map((path) => join(folder, each, path))
			.sort(),
	);
	const outcomes = { equal: 0, bothRefused: 0 };
	const different: string[] = [];
	let runs = 0;
	for (const manifest of manifests.map((each) => join(folder, each)))
		for (const file of [undefined, ...files.filter((path) => path !== manifest)]) {
			runs += 1;
			const [ours, theirs] = [byDavit(manifest, file), await byBosh(bosh, manifest, file)];
			if (ours === undefined && theirs === undefined) outcomes.bothRefused += 1;
			else if (ours === theirs) outcomes.equal += 1;
			else different.push(`${relative(folder, file ?? manifest)}: ${outcomeOf(ours, theirs)}`);
		}
	return { name, runs, ...outcomes, different };
}

function outcomeOf(ours: string | undefined, theirs: string | undefined): string {
	if (ours === undefined) return "davit alone refuses it";
	return theirs === undefined ? "bosh alone refuses it" : "other data";
}

/** The data as canonical text; undefined if it is refused. */
function byDavit(manifest: string, ops: string | undefined): string | undefined {
	const read = (file: string) => ({ text: readFileSync(file, "utf8"), file });
	const { value, problems } = interpolateManifest({
		manifest: read(manifest),
		ops: ops === undefined ? [] : [read(ops)],
	});
	return problems.length > 0 ? undefined : canonical(value);
}

async function byBosh(bosh: string, manifest: string, ops: string | undefined): Promise<string | undefined> {
	const args = ["int", manifest, ...(ops === undefined ? [] : ["-o", ops])];
	try {
		const { stdout } = await promisify(execFile)(bosh, args, { maxBuffer: 1 << 27 });
		return canonical(parseYaml(stdout, "bosh").value);
	} catch (error) {
		if ((error as { code?: unknown }).code === 1) return undefined;
		throw error;
	}
}

/** Keys in order, so that equal data are equal texts. */
function canonical(value: unknown): string {
	return JSON.stringify(value, (_, part: unknown) =>
		typeof part === "object" && part !== null && !Array.isArray(part)
			? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
			: part,
	);
}
