import { access, constants } from "node:fs/promises";
import { join } from "node:path";
import { type Problem, problem } from "../../errors.ts";
import { GRUB_FOLDER } from "./boot.ts";
import { grubTargets } from "./grub.ts";
import type { Mode } from "./mode.ts";
import type { Arch, OperatingSystem } from "./operating-system.ts";
import { SEARCHED } from "./run.ts";

/** A program or a file that a build needs, and the Debian package that has it. */
interface Needed {
	readonly name: string;
	readonly package: string;
	/** Another way to get it. */
	readonly or?: string;
}

const PROGRAMS: readonly Needed[] = [
	{ name: "mmdebstrap", package: "mmdebstrap" },
	{ name: "mke2fs", package: "e2fsprogs" },
	{ name: "qemu-img", package: "qemu-utils" },
	{ name: "grub-mkimage", package: "grub-common" },
	{ name: "mformat", package: "mtools" },
	{ name: "setpriv", package: "util-linux" },
	{ name: "tar", package: "tar" },
];

/** Where the packages of Debian and Ubuntu put their archives' signing keys. */
export function keyringOf({ distribution }: OperatingSystem): string {
	return `/usr/share/keyrings/${distribution}-archive-keyring.gpg`;
}

/** What of the machine's programs and files is missing for this build. */
export async function missingPrograms(os: OperatingSystem, arch: Arch, mode: Mode): Promise<Problem[]> {
	const programs = mode === "root" ? PROGRAMS : [...PROGRAMS, { name: "newuidmap", package: "uidmap" }];
	const keyring = os.distribution === "debian" ? "debian-archive-keyring" : "ubuntu-keyring";
	const files: readonly Needed[] = [
		{ name: keyringOf(os), package: keyring, or: `copy the file from a machine with ${os.name}` },
		...grubTargets[arch].map((target) => ({
			name: join(GRUB_FOLDER, target.format, "normal.mod"),
			package: target.package,
		})),
	];
	const found = await Promise.all([
		...programs.map(async (program) => ((await onPath(program.name)) ? [] : [missing(program, "program")])),
		...files.map(async (file) => ((await readable(file.name)) ? [] : [missing(file, "file")])),
	]);
	return found.flat();
}

function missing({ name, package: from, or }: Needed, what: string): Problem {
	return problem("missing-program", `the ${what} ${name} is not on this machine`, {
		hint: `install it; in Debian and Ubuntu: apt-get install ${from}${or === undefined ? "" : `; or ${or}`}`,
	});
}

async function onPath(program: string): Promise<boolean> {
	for (const folder of SEARCHED) if (await may(join(folder, program), constants.X_OK)) return true;
	return false;
}

const readable = (path: string) => may(path, constants.R_OK);

function may(path: string, mode: number): Promise<boolean> {
	return access(path, mode).then(
		() => true,
		() => false,
	);
}
