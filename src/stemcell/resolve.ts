import { type Problem, problem } from "../errors.ts";
import type { Cloud, StemcellChoice } from "../manifest/cloud.ts";
import { type DistributionImage, lineOf, type StemcellLine } from "./line.ts";
import type { BuiltImage, Stemcell, StemcellName, StemcellSource } from "./stemcell.ts";
import { type UploadedStemcell, uploadedFor } from "./uploaded.ts";

/** All that says what a stemcell's name stands for. */
export interface StemcellKnowledge {
	/** `stemcells:` of the cloud file, `--stemcell` first. */
	readonly choices: Cloud["stemcells"];
	readonly lines: readonly StemcellLine[];
	readonly built: readonly BuiltImage[];
	readonly uploaded: readonly UploadedStemcell[];
	/** The version that an image file says it has, where it says so. */
	readonly versionOf: (file: string) => string | undefined;
}

/** The cloud that VMs are made on. */
export interface StemcellCloud {
	readonly iaas: string;
	/** From `info()`: `local` takes whatever the manifest names. */
	readonly stemcellFormats: readonly string[];
	readonly firstContact: readonly ("seeded" | "agent")[];
	readonly arch: "amd64" | "arm64";
}

/** What VMs boot there, or why nothing can be said. Nothing is guessed: the cloud file or the stemcell file names the kind. */
export function resolveStemcell(
	name: StemcellName,
	cloud: StemcellCloud,
	known: StemcellKnowledge,
): { readonly stemcell: Stemcell } | { readonly problem: Problem } {
	const { os, version } = name;
	if (cloud.stemcellFormats.includes("local"))
		return { stemcell: { os, version, kind: "local", source: { from: "cloud", cloudProperties: {} } } };
	const line = lineOf(known.lines, os);
	const chosen = known.choices.find((candidate) => candidate.os === os && candidate.version === version);
	const choice = chosen ?? uploadedChoice(name, cloud, line, known);
	const kind = choice?.kind ?? line?.versions[version];
	if (kind === undefined) return { problem: unmapped(name, cloud, known) };
	if (kind === "bosh" && !cloud.firstContact.includes("agent")) return { problem: noAgent(name, cloud) };
	const source = sourceOf({ name, kind, choice, line }, cloud, known);
	if (!source) return { problem: noImage({ name, kind, choice, line }, cloud) };
	const own = source.from === "file" ? known.versionOf(source.file) : undefined;
	return { stemcell: { os, version: own ?? version, kind, source } };
}

/** One that was uploaded. A version that the stemcell file maps, such as `latest`, is not asked for there. */
function uploadedChoice(
	{ os, version }: StemcellName,
	{ stemcellFormats }: StemcellCloud,
	line: StemcellLine | undefined,
	{ uploaded }: StemcellKnowledge,
): StemcellChoice | undefined {
	if (line?.versions[version] !== undefined) return undefined;
	const found = uploadedFor({ os, version }, stemcellFormats, uploaded);
	return found && { os, version, kind: "bosh", file: found.file };
}

interface Chosen {
	readonly name: StemcellName;
	readonly kind: "plain" | "prepared" | "bosh";
	readonly choice: StemcellChoice | undefined;
	readonly line: StemcellLine | undefined;
}

function sourceOf(
	{ name, kind, choice, line }: Chosen,
	{ iaas, arch }: StemcellCloud,
	{ built }: StemcellKnowledge,
): StemcellSource | undefined {
	if (choice?.file !== undefined) return { from: "file", file: choice.file };
	if (choice?.cloudProperties !== undefined) return { from: "cloud", cloudProperties: choice.cloudProperties };
	const image = built.find(
		(candidate) => candidate.os === (line?.os ?? name.os) && candidate.arch === arch && candidate.kind === kind,
	);
	if (image) return { from: "file", file: image.file };
	const own = kind === "plain" ? distributionImage(line, { iaas, arch }) : undefined;
	return own && "cloudProperties" in own ? { from: "cloud", cloudProperties: own.cloudProperties } : undefined;
}

function distributionImage(
	line: StemcellLine | undefined,
	{ iaas, arch }: Pick<StemcellCloud, "iaas" | "arch">,
): DistributionImage | undefined {
	return line?.images[iaas]?.[arch];
}

function unmapped({ os, version }: StemcellName, { iaas }: StemcellCloud, { lines }: StemcellKnowledge): Problem {
	const line = lineOf(lines, os);
	const versions = line
		? `davit knows ${os} as ${Object.keys(line.versions).join(", ")}`
		: `davit knows ${osNames(lines)}`;
	return problem("unknown-stemcell-image", `nothing says which image stemcell ${os}/${version} is on ${iaas}`, {
		hint: `${versions}; for another, give --stemcell ${os}/${version}=prepared:FILE (or plain, or bosh), name it under stemcells: in the cloud file, or keep a BOSH stemcell here with davit upload-stemcell`,
	});
}

function osNames(lines: readonly StemcellLine[]): string {
	return lines.map(({ os }) => os).join(", ");
}

function noAgent({ os, version }: StemcellName, { iaas }: StemcellCloud): Problem {
	return problem("no-agent", `${os}/${version} is a BOSH stemcell, whose agent davit can't reach on ${iaas}`, {
		hint: `map it to an image that davit enters by SSH: --stemcell ${os}/${version}=prepared`,
	});
}

function noImage({ name: { os, version }, kind, line }: Chosen, cloud: StemcellCloud): Problem {
	const own = kind === "plain" ? distributionImage(line, cloud) : undefined;
	const why = own && "none" in own ? `: ${own.none}` : "";
	let give = `give one with --stemcell ${os}/${version}=${kind}:FILE`;
	if (kind === "prepared") give = `davit build-stemcell ${line?.os ?? os} makes one; or ${give}`;
	if (own && "file" in own)
		give = `download ${own.file} from ${own.from} and give it with --stemcell ${os}/${version}=plain:./${own.file}`;
	return problem(
		"no-stemcell-image",
		`there is no ${kind} image of ${os}/${version} (${cloud.arch}) for ${cloud.iaas}${why}`,
		{ hint: `${give}, or name it under stemcells: in the cloud file` },
	);
}
