import { type FileHandle, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { bootCode, placedCore } from "./bios-boot.ts";
import { EARLY_CONFIG, type GrubTarget, grubTargets, mkimageArgv } from "./grub.ts";
import { type Layout, SECTOR } from "./layout.ts";
import type { Arch } from "./operating-system.ts";
import { type Runner, run } from "./run.ts";

/** Where Debian's GRUB packages put their files. */
export const GRUB_FOLDER = "/usr/lib/grub";

/** Makes the boot loaders and writes them into the disk's image, whose partition table is there. `time` in seconds since 1970. */
export async function writeBoot(
	image: FileHandle,
	{ layout, arch, time }: { readonly layout: Layout; readonly arch: Arch; readonly time: number },
	runner: Runner,
): Promise<void> {
	const reproducible = { ...runner, env: { SOURCE_DATE_EPOCH: String(time) } };
	await writeFile(join(runner.cwd, "early.cfg"), EARLY_CONFIG);
	for (const target of grubTargets[arch]) {
		await run(mkimageArgv(target, "early.cfg", `${target.format}.img`), reproducible);
		if (target.removable === undefined) await writeBios(image, layout, target, runner);
		else {
			await makeEsp(layout, target, reproducible);
			await image.write(await readFile(join(runner.cwd, "esp.img")), 0, undefined, layout.esp.start * SECTOR);
		}
	}
}

async function writeBios(image: FileHandle, { bios }: Layout, { format }: GrubTarget, { cwd }: Runner): Promise<void> {
	const code = bootCode(await readFile(join(GRUB_FOLDER, format, "boot.img")), bios.start);
	const core = placedCore(await readFile(join(cwd, `${format}.img`)), bios.start, bios.sectors);
	await image.write(code, 0, code.length, 0);
	await image.write(core, 0, core.length, bios.start * SECTOR);
}

/** FAT's serial number is fixed, and its time stamps are SOURCE_DATE_EPOCH's. */
async function makeEsp({ esp }: Layout, { format, removable }: GrubTarget, runner: Runner): Promise<void> {
	const label = ["-v", "ESP", "-N", "44415649"];
	await run(
		["mformat", "-i", "esp.img", "-C", "-T", String(esp.sectors), "-h", "16", "-s", "63", ...label, "::"],
		runner,
	);
	await run(["mmd", "-i", "esp.img", "::/EFI", "::/EFI/BOOT"], runner);
	await run(["mcopy", "-i", "esp.img", `${format}.img`, `::/EFI/BOOT/${removable}`], runner);
}
