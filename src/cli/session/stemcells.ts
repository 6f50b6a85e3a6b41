import { createReadStream, existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { z } from "zod";
import type { StemcellImage } from "../../cpi/cpi.ts";
import { type Problem, problem, UserError } from "../../errors.ts";
import type { StemcellChoice } from "../../manifest/cloud.ts";
import { toValue } from "../../manifest/node.ts";
import { parseNode } from "../../manifest/yaml.ts";
import type { OperatingSystem } from "../../stemcell/build/operating-system.ts";
import { packagesFor, parsePackages } from "../../stemcell/build/packages.ts";
import { type Cgroups, cgroupsOf } from "../../stemcell/cgroups.ts";
import { parseLine, type StemcellLine } from "../../stemcell/line.ts";
import { resolveStemcell, type StemcellKnowledge } from "../../stemcell/resolve.ts";
import type { BuiltImage, Stemcell, StemcellName } from "../../stemcell/stemcell.ts";
import { type CliContext, type Options, texts } from "../command.ts";
import type { Cpis } from "./cpis.ts";
import type { Inputs } from "./manifest.ts";
import { packageFolder } from "./package-folder.ts";

/** The option that says which image a stemcell is. */
export const stemcellOption = {
	flags: "--stemcell <os/version=kind>",
	about: "which image a stemcell of the manifest is: plain, prepared or bosh, or KIND:FILE; repeatable",
	repeat: true,
} as const;

/** What the stemcells of a manifest are on the clouds that it uses. */
export interface StemcellBook {
	/** Undefined where it could not be found out: `problems` says why. */
	readonly of: (name: StemcellName, cpi: string) => Stemcell | undefined;
	readonly problems: readonly Problem[];
	/** The packages that a plain image of it must have. */
	readonly packages: (name: StemcellName, cpi: string) => readonly string[];
	/** Which control groups its VMs have, as far as that is known before they are there. */
	readonly cgroups: (name: StemcellName, cpi: string) => Cgroups | undefined;
	/** What `createStemcell` takes. */
	readonly image: (name: StemcellName, cpi: string) => Pick<StemcellImage, "cloudProperties" | "open">;
}

/** Looks up every stemcell of the manifest on every CPI of the cloud file that an AZ uses. */
export async function openStemcells(
	{ deployment, cloud, place }: Pick<Inputs, "deployment" | "cloud" | "place">,
	cpis: Cpis,
	context: Pick<CliContext, "home">,
): Promise<StemcellBook> {
	const known = await readKnowledge(cloud.stemcells, join(context.home, "stemcells"));
	const found = new Map<string, Stemcell>();
	/** By the version that the image says it has. */
	const images = new Map<string, Stemcell>();
	const problems: Problem[] = [];
	const used = new Set(
		cloud.azs.length === 0 ? [...cpis.all().keys()] : cloud.azs.map(({ cpi }) => cpi ?? cloud.cpis[0]?.name ?? ""),
	);
	for (const cpi of used) {
		const { name: iaas, stemcellFormats, can } = cpis.get(cpi).info();
		deployment.stemcells.forEach(({ os, name, version }, index) => {
			const wanted = { os: os ?? name ?? "", version };
			const answer = resolveStemcell(
				wanted,
				{ iaas, stemcellFormats, firstContact: can.firstContact, arch: "amd64" },
				known,
			);
			if ("stemcell" in answer) {
				if (answer.stemcell.kind === "plain" && !cloud.guests.packageMirror)
					problems.push({ ...noMirror(wanted), place: place(`/stemcells/${index}`) });
				found.set(keyOf(wanted, cpi), answer.stemcell);
				images.set(keyOf(answer.stemcell, cpi), answer.stemcell);
			} else problems.push({ ...answer.problem, place: place(`/stemcells/${index}`) });
		});
	}
	return {
		of: (name, cpi) => found.get(keyOf(name, cpi)),
		problems,
		packages: (name, cpi) =>
			images.get(keyOf(name, cpi))?.kind === "plain" ? (known.packages.get(name.os) ?? []) : [],
		cgroups: (name, cpi) => {
			const stemcell = found.get(keyOf(name, cpi));
			return stemcell && cgroupsOf(stemcell, known.lines, cgroupsHere());
		},
		image: (name, cpi) => imageOf(images.get(keyOf(name, cpi))),
	};
}

/** This machine's, which embedded VMs share. */
function cgroupsHere(): Cgroups | undefined {
	if (existsSync("/sys/fs/cgroup/cgroup.controllers")) return "v2";
	return existsSync("/sys/fs/cgroup/memory") ? "v1" : undefined;
}

const keyOf = ({ os, version }: StemcellName, cpi: string) => `${os}\n${version}\n${cpi}`;

function noMirror({ os, version }: StemcellName): Problem {
	return problem("no-package-mirror", `${os}/${version} is a plain image, which lacks what releases compile with`, {
		hint: "name a mirror of its distribution that the VMs reach under package_mirror: in the cloud file, or use an image that davit build-stemcell makes",
	});
}

function imageOf(stemcell: Stemcell | undefined): Pick<StemcellImage, "cloudProperties" | "open"> {
	if (!stemcell) throw new Error("no such stemcell");
	const { source } = stemcell;
	if (source.from === "cloud") return { cloudProperties: source.cloudProperties };
	return { cloudProperties: {}, open: async () => createReadStream(source.file) };
}

type Knowledge = StemcellKnowledge & {
	/** By os: what BOSH's stemcells promise to releases. */
	readonly packages: ReadonlyMap<string, readonly string[]>;
};

async function readKnowledge(choices: readonly StemcellChoice[], folder: string): Promise<Knowledge> {
	const built = await readBuiltImages(folder);
	const lines = await readLines();
	const versions = new Map(built.map(({ file, version }) => [file, version]));
	for (const { file } of choices) {
		const beside = file === undefined ? undefined : await readBeside(file);
		if (file !== undefined && beside) versions.set(file, beside.version);
	}
	const packages = await readPackages(lines);
	return { choices, lines, built, packages, versionOf: (file) => versions.get(file) };
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

/** What the file beside an image says of it. */
async function readBeside(image: string): Promise<Omit<BuiltImage, "file"> | undefined> {
	const text = await readFile(image.replace(/\.[^./]+$/, ".json"), "utf8").catch(() => undefined);
	return text === undefined ? undefined : beside.parse(JSON.parse(text));
}

async function readBuiltImages(folder: string): Promise<readonly BuiltImage[]> {
	const names = await readdir(folder).catch(() => []);
	const images = names.filter((name) => name.endsWith(".qcow2")).map((name) => join(folder, name));
	const read = await Promise.all(images.map(async (file) => ({ file, ...(await readBeside(file)) })));
	return read.filter((image): image is BuiltImage => "os" in image);
}

/** Reads `--stemcell` options; a file is found from where the user stands. */
export function stemcellChoices(options: Options, { cwd }: Pick<CliContext, "cwd">): readonly StemcellChoice[] {
	return texts(options, "stemcell").map((written) => {
		const [, os, version, kind, file] = /^([^/=]+)\/([^=]+)=(plain|prepared|bosh)(?::(.+))?$/.exec(written) ?? [];
		if (os === undefined || version === undefined || kind === undefined)
			throw new UserError(
				problem("bad-option", `--stemcell ${written}: that is not OS/VERSION=KIND`, {
					hint: "write --stemcell debian-12/latest=prepared, or with a file: --stemcell debian-12/latest=prepared:./image.qcow2; kinds are plain, prepared and bosh",
				}),
				{ exitCode: 64 },
			);
		return {
			os,
			version,
			kind: kind as StemcellChoice["kind"],
			...(file === undefined ? {} : { file: resolve(cwd, file) }),
		};
	});
}
