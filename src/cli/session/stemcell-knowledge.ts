import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { problem, UserError } from "../../errors.ts";
import type { StemcellChoice } from "../../manifest/cloud.ts";
import { toValue } from "../../manifest/node.ts";
import { parseNode } from "../../manifest/yaml.ts";
import type { OperatingSystem } from "../../stemcell/build/operating-system.ts";
import { packagesFor, parsePackages } from "../../stemcell/build/packages.ts";
import { parseLine, type StemcellLine } from "../../stemcell/line.ts";
import type { StemcellKnowledge } from "../../stemcell/resolve.ts";
import type { BuiltImage } from "../../stemcell/stemcell.ts";
import { packageFolder } from "./package-folder.ts";

/** All that is known of images on this machine and in davit's own stemcell files. */
export type Knowledge = StemcellKnowledge & {
	/** By os: what BOSH's stemcells promise to releases. */
	readonly packages: ReadonlyMap<string, readonly string[]>;
};

/** Where only embedded VMs are made nothing has to be known. */
export const NOTHING_KNOWN: Knowledge = {
	choices: [],
	lines: [],
	built: [],
	uploaded: [],
	packages: new Map(),
	versionOf: () => undefined,
};

/** Reads it; `folder` is where `davit build-stemcell` puts images. Throws a UserError where a file isn't what it should be. */
export async function readKnowledge(
	choices: readonly StemcellChoice[],
	folder: string,
	uploaded: Knowledge["uploaded"],
): Promise<Knowledge> {
	const built = await readBuiltImages(folder);
	const lines = await readLines();
	const versions = new Map(built.map(({ file, version }) => [file, version]));
	for (const { file, kind } of choices) {
		const beside = file === undefined || kind === "bosh" ? undefined : await readBeside(file);
		if (file !== undefined && beside) versions.set(file, beside.version);
	}
	const packages = await readPackages(lines);
	return { choices, lines, built, uploaded, packages, versionOf: (file) => versions.get(file) };
}

const ownFolder = () => join(packageFolder(), "stemcells");

async function readOwn(file: string): Promise<unknown> {
	return toValue(parseNode(await readFile(join(ownFolder(), file), "utf8"), file).node);
}

/** The stemcell files that come with davit. */
async function readLines(): Promise<readonly StemcellLine[]> {
	const files = (await readdir(ownFolder())).filter((name) => name.endsWith(".yml") && name !== "packages.yml").sort();
	return Promise.all(
		files.map(async (file) => {
			const { line, problems } = parseLine(await readOwn(file), file);
			if (!line) throw new UserError(problems);
			return line;
		}),
	);
}

/** By every name of an OS line. */
async function readPackages(lines: readonly StemcellLine[]): Promise<ReadonlyMap<string, readonly string[]>> {
	const { packages: file, problems } = parsePackages(await readOwn("packages.yml"), "packages.yml");
	if (!file) throw new UserError(problems);
	return new Map(
		lines.flatMap(({ os, aliases = [] }) => {
			const names = packagesFor(file, { name: os as OperatingSystem["name"] }, "prepared");
			return [os, ...aliases].map((name) => [name, names] as const);
		}),
	);
}

const beside = z.object({
	os: z.string(),
	arch: z.string(),
	kind: z.enum(["plain", "prepared"]),
	version: z.string(),
});

/** What the file beside an image says of it; undefined if there is none. */
async function readBeside(image: string): Promise<Omit<BuiltImage, "file"> | undefined> {
	const file = image.replace(/\.[^./]+$/, ".json");
	const text = await readFile(file, "utf8").catch(() => undefined);
	if (text === undefined) return undefined;
	try {
		return beside.parse(JSON.parse(text));
	} catch (cause) {
		const broken = problem("image-description", "this is not what davit build-stemcell writes beside an image", {
			place: { file },
			hint: "build the image again with --rebuild, or take this file away: the image then has the manifest's version",
		});
		throw new UserError(broken, { cause });
	}
}

async function readBuiltImages(folder: string): Promise<readonly BuiltImage[]> {
	const names = await readdir(folder).catch(() => []);
	const images = names.filter((name) => name.endsWith(".qcow2")).map((name) => join(folder, name));
	const read = await Promise.all(images.map(async (file) => ({ file, ...(await readBeside(file)) })));
	return read.filter((image): image is BuiltImage => "os" in image);
}
