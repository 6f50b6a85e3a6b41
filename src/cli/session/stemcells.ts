import { createReadStream, existsSync } from "node:fs";
import { access, constants } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type UploadedStemcells, uploadedStemcells } from "../../blobs/uploaded-stemcells.ts";
import type { StemcellImage } from "../../cpi/cpi.ts";
import { type Problem, problem, UserError } from "../../errors.ts";
import type { StemcellChoice } from "../../manifest/cloud.ts";
import { boshStemcellProblems } from "../../stemcell/bosh/fits.ts";
import { type Cgroups, cgroupsOf } from "../../stemcell/cgroups.ts";
import { resolveStemcell } from "../../stemcell/resolve.ts";
import type { Stemcell, StemcellName } from "../../stemcell/stemcell.ts";
import { type CliContext, type Options, texts } from "../command.ts";
import { boshImage, keptBoshStemcell } from "./bosh-stemcells.ts";
import type { Cpis } from "./cpis.ts";
import type { Inputs } from "./manifest.ts";
import { NOTHING_KNOWN, readKnowledge } from "./stemcell-knowledge.ts";

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
	const found = new Map<string, Stemcell>();
	/** By the version that the image says it has. */
	const images = new Map<string, Booted>();
	const problems: Problem[] = [];
	const used = new Set(
		cloud.azs.length === 0 ? [...cpis.all().keys()] : cloud.azs.map(({ cpi }) => cpi ?? cloud.cpis[0]?.name ?? ""),
	);
	const clouds = [...used].map((cpi) => {
		const { name: iaas, stemcellFormats, can } = cpis.get(cpi).info();
		return { cpi, iaas, stemcellFormats, firstContact: can.firstContact, arch: "amd64" } as const;
	});
	const known = clouds.every(({ stemcellFormats }) => stemcellFormats.includes("local"))
		? NOTHING_KNOWN
		: await readKnowledge(
				cloud.stemcells,
				join(context.home, "stemcells"),
				await openUploadedStemcells(context).list(),
			);
	for (const at of clouds)
		for (const [index, { os, name, version }] of deployment.stemcells.entries()) {
			const wanted = { os: os ?? name ?? "", version };
			const answer = resolveStemcell(wanted, at, known);
			const { booted, wrong } =
				"problem" in answer
					? { booted: undefined, wrong: [answer.problem] }
					: await openImage(answer.stemcell, wanted, {
							mirror: cloud.guests.packageMirror,
							cpi: { name: at.cpi, stemcellFormats: at.stemcellFormats },
							kept: join(context.home, "cache/stemcells"),
						});
			problems.push(...wrong.map((each) => ({ place: place(`/stemcells/${index}`), ...each })));
			if (!booted) continue;
			found.set(keyOf(wanted, at.cpi), booted.stemcell);
			images.set(keyOf(booted.stemcell, at.cpi), booted);
		}
	return {
		of: (name, cpi) => found.get(keyOf(name, cpi)),
		problems,
		packages: (name, cpi) =>
			images.get(keyOf(name, cpi))?.stemcell.kind === "plain" ? (known.packages.get(name.os) ?? []) : [],
		cgroups: (name, cpi) => {
			const stemcell = found.get(keyOf(name, cpi));
			return stemcell && cgroupsOf(stemcell, known.lines, cgroupsHere());
		},
		image: (name, cpi) => {
			const booted = images.get(keyOf(name, cpi));
			if (!booted) throw new Error("no such stemcell");
			return booted.image;
		},
	};
}

/** BOSH stemcells that are kept in davit's home. */
export function openUploadedStemcells({ home }: Pick<CliContext, "home">): UploadedStemcells {
	return uploadedStemcells(join(home, "stemcells/uploaded"));
}

/** This machine's, which embedded VMs share. */
function cgroupsHere(): Cgroups | undefined {
	if (existsSync("/sys/fs/cgroup/cgroup.controllers")) return "v2";
	return existsSync("/sys/fs/cgroup/memory") ? "v1" : undefined;
}

const keyOf = ({ os, version }: StemcellName, cpi: string) => `${os}\n${version}\n${cpi}`;

/** A stemcell and what the cloud is given of it. */
interface Booted {
	readonly stemcell: Stemcell;
	readonly image: Pick<StemcellImage, "cloudProperties" | "open">;
}

/** Looks into an image that is a file. What is in its way is found before anything is made. */
async function openImage(
	stemcell: Stemcell,
	wanted: StemcellName,
	{
		mirror,
		cpi,
		kept,
	}: {
		readonly mirror: unknown;
		readonly cpi: { readonly name: string; readonly stemcellFormats: readonly string[] };
		/** Where it is kept what BOSH stemcells hold. */
		readonly kept: string;
	},
): Promise<{ readonly booted: Booted | undefined; readonly wrong: readonly Problem[] }> {
	const { kind, source } = stemcell;
	const wrong = await imageProblems(stemcell, wanted, mirror);
	if (source.from === "cloud")
		return { booted: { stemcell, image: { cloudProperties: source.cloudProperties } }, wrong };
	const { file } = source;
	if (kind !== "bosh" || wrong.length > 0) {
		const open = async () => createReadStream(file);
		return { booted: { stemcell, image: { cloudProperties: {}, open } }, wrong };
	}
	try {
		const bosh = await keptBoshStemcell(file, kept);
		const image = boshImage(bosh, file);
		const own = bosh.light ? ({ from: "cloud", cloudProperties: bosh.cloudProperties } as const) : source;
		const booted = { stemcell: { ...stemcell, version: bosh.version, source: own }, image };
		return { booted, wrong: boshStemcellProblems(bosh, wanted, cpi, file) };
	} catch (error) {
		if (!(error instanceof UserError)) throw error;
		return { booted: undefined, wrong: error.problems };
	}
}

/** What is in the way of an image before anything is made. */
async function imageProblems(
	{ kind, source }: Stemcell,
	{ os, version }: StemcellName,
	mirror: unknown,
): Promise<readonly Problem[]> {
	const problems: Problem[] = [];
	if (kind === "plain" && !mirror)
		problems.push(
			problem("no-package-mirror", `${os}/${version} is a plain image, which lacks what releases compile with`, {
				hint: "name a mirror of its distribution that the VMs reach under package_mirror: in the cloud file, or use an image that davit build-stemcell makes",
			}),
		);
	if (source.from === "file" && !(await readable(source.file)))
		problems.push(
			problem("image-unreadable", `the ${kind} image of ${os}/${version} can't be read: ${source.file}`, {
				hint: "check the path in --stemcell or under stemcells: in the cloud file, and that you may read the file",
			}),
		);
	return problems;
}

function readable(file: string): Promise<boolean> {
	return access(file, constants.R_OK).then(
		() => true,
		() => false,
	);
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
