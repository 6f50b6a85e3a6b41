import { readFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { type Problem, problem, UserError } from "../../errors.ts";
import { nearest } from "../../manifest/nearest.ts";
import { toValue } from "../../manifest/node.ts";
import { parseNode } from "../../manifest/yaml.ts";
import { type Mirror, mirrorOf, sourceLines } from "../../stemcell/build/apt-sources.ts";
import type { ImagePlan } from "../../stemcell/build/build.ts";
import { machineSources } from "../../stemcell/build/machine-sources.ts";
import { hasRange, type Mode } from "../../stemcell/build/mode.ts";
import {
	type Arch,
	kernelPackage,
	type OperatingSystem,
	operatingSystems,
} from "../../stemcell/build/operating-system.ts";
import { type PackagesFile, packagesFor, parsePackages } from "../../stemcell/build/packages.ts";
import { keyringOf, missingPrograms } from "../../stemcell/build/programs.ts";
import { type Options, text } from "../command.ts";
import { packageFolder } from "./package-folder.ts";

/** What `davit build-stemcell` was asked for, and how it can be done on this machine. Throws a UserError with all that is in the way. */
export async function planImage(
	name: string,
	options: Options,
	{ output, hide }: { readonly output: string; readonly hide: (secrets: readonly string[]) => void },
): Promise<{ readonly plan: ImagePlan; readonly mode: Mode }> {
	const { os, arch, problems: wrong } = target(name, text(options, "arch") ?? "amd64");
	const given = text(options, "mirror");
	const url = given === undefined ? undefined : parseMirror(given);
	if (url && "problem" in url) wrong.push(url.problem);
	if (!os || !arch || wrong.length > 0) throw new UserError(wrong, { exitCode: 64 });
	if (url && "password" in url) hide([url.password].filter((password) => password !== ""));
	const mode: Mode = process.getuid?.() === 0 ? "root" : "unshare";
	const mirror = await findMirror(os, given);
	const problems = [
		...(await missingPrograms(os, arch, mode)),
		...(await missingRange(mode)),
		...(await missingEmulation(arch)),
		...(mirror ? [] : [noMirror(os)]),
	];
	if (!mirror || problems.length > 0) throw new UserError(problems);
	const kind = options.plain === true ? "plain" : "prepared";
	const packages = [...packagesFor(await readPackages(), os, kind), kernelPackage(os, arch)];
	return { plan: { os, arch, kind, packages, sources: sourceLines(os, mirror, keyringOf(os)), output }, mode };
}

function target(
	name: string,
	arch: string,
): { readonly os: OperatingSystem | undefined; readonly arch: Arch | undefined; readonly problems: Problem[] } {
	const problems: Problem[] = [];
	const os = operatingSystems.find((candidate) => candidate.name === name);
	const names = operatingSystems.map((candidate) => candidate.name);
	if (!os) {
		const near = nearest(name, names);
		const hint =
			near === undefined
				? `davit builds ${names.join(", ")}`
				: `did you mean ${near}? davit builds ${names.join(", ")}`;
		problems.push(problem("unknown-os", `davit can't build an image of ${name}`, { hint }));
	}
	const known = arch === "amd64" || arch === "arm64" ? arch : undefined;
	if (!known)
		problems.push(
			problem("bad-option", `--arch ${arch}: there is no such processor here`, { hint: "write amd64 or arm64" }),
		);
	return { os, arch: known, problems };
}

function parseMirror(given: string): { readonly password: string } | { readonly problem: Problem } {
	if (URL.canParse(given) && /^(https?|ftp|file|copy):/.test(given) && !/\s/.test(given))
		return { password: decodeURIComponent(new URL(given).password) };
	const hint = "give the address under which apt finds dists/ and pool/, such as https://mirror.example/debian";
	return { problem: problem("bad-option", `--mirror ${given}: that is no address of a mirror`, { hint }) };
}

/** Debian's security updates are in an archive of their own; Ubuntu's are in the same. */
async function findMirror(os: OperatingSystem, given: string | undefined): Promise<Mirror | undefined> {
	const own = mirrorOf(await machineSources(), os);
	if (given === undefined) return own;
	return { archive: given, security: os.distribution === "ubuntu" ? given : own?.security };
}

function noMirror({ name, distribution }: OperatingSystem): Problem {
	const what = distribution === "debian" ? "Debian" : "Ubuntu";
	return problem(
		"no-mirror",
		`nothing says where the packages of ${name} come from: apt of this machine names no mirror of ${what}`,
		{
			hint: "name one with --mirror URL",
		},
	);
}

async function missingRange(mode: Mode): Promise<Problem[]> {
	if (mode === "root") return [];
	const { username } = userInfo();
	const ranges = await Promise.all(
		["/etc/subuid", "/etc/subgid"].map(async (file) =>
			hasRange(await readFile(file, "utf8").catch(() => ""), username),
		),
	);
	if (ranges.every((found) => found)) return [];
	return [
		problem(
			"no-subuids",
			`${username} has no range of 65536 ids in /etc/subuid and /etc/subgid, which an image's files need`,
			{
				hint: `sudo usermod --add-subuids 200000-265535 --add-subgids 200000-265535 ${username}; or build as root`,
			},
		),
	];
}

const MACHINE_ARCH: Readonly<Record<string, Arch>> = { x64: "amd64", arm64: "arm64" };
const QEMU_NAME = { amd64: "qemu-x86_64", arm64: "qemu-aarch64" } as const;

/** Another processor's packages run their scripts under QEMU's user mode, through binfmt_misc. */
async function missingEmulation(arch: Arch): Promise<Problem[]> {
	if (MACHINE_ARCH[process.arch] === arch) return [];
	const state = await readFile(`/proc/sys/fs/binfmt_misc/${QEMU_NAME[arch]}`, "utf8").catch(() => "");
	if (state.startsWith("enabled")) return [];
	return [
		problem("no-emulation", `this machine can't run programs for ${arch}, as the packages' scripts are`, {
			hint: `in Debian and Ubuntu: apt-get install qemu-user-static binfmt-support; or build on a machine with ${arch}`,
		}),
	];
}

async function readPackages(): Promise<PackagesFile> {
	const file = "packages.yml";
	const { node } = parseNode(await readFile(join(packageFolder(), "stemcells", file), "utf8"), file);
	const { packages, problems } = parsePackages(toValue(node), file);
	if (!packages) throw new UserError(problems);
	return packages;
}
