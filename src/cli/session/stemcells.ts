import { createReadStream, existsSync } from "node:fs";
import { access, constants } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { StemcellImage } from "../../cpi/cpi.ts";
import { type Problem, problem, UserError } from "../../errors.ts";
import type { StemcellChoice } from "../../manifest/cloud.ts";
import { type Cgroups, cgroupsOf } from "../../stemcell/cgroups.ts";
import { resolveStemcell } from "../../stemcell/resolve.ts";
import type { Stemcell, StemcellName } from "../../stemcell/stemcell.ts";
import { type CliContext, type Options, texts } from "../command.ts";
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
	const images = new Map<string, Stemcell>();
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
		: await readKnowledge(cloud.stemcells, join(context.home, "stemcells"));
	for (const at of clouds)
		for (const [index, { os, name, version }] of deployment.stemcells.entries()) {
			const wanted = { os: os ?? name ?? "", version };
			const answer = resolveStemcell(wanted, at, known);
			const wrong =
				"problem" in answer
					? [answer.problem]
					: await imageProblems(answer.stemcell, wanted, cloud.guests.packageMirror);
			problems.push(...wrong.map((each) => ({ ...each, place: place(`/stemcells/${index}`) })));
			if ("problem" in answer) continue;
			found.set(keyOf(wanted, at.cpi), answer.stemcell);
			images.set(keyOf(answer.stemcell, at.cpi), answer.stemcell);
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

function imageOf(stemcell: Stemcell | undefined): Pick<StemcellImage, "cloudProperties" | "open"> {
	if (!stemcell) throw new Error("no such stemcell");
	const { source } = stemcell;
	if (source.from === "cloud") return { cloudProperties: source.cloudProperties };
	return { cloudProperties: {}, open: async () => createReadStream(source.file) };
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
