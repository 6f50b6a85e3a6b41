import { mkdir, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import type { Random } from "../../clock.ts";
import { problem, UserError } from "../../errors.ts";
import { isRunning } from "../../running-process.ts";
import { inNamespace, type Mode } from "./mode.ts";
import { type Runner, run } from "./run.ts";

/** Where an image is made; all of it is removed at the end. */
export interface Workspace {
	readonly folder: string;
	/** For mmdebstrap, which works under other ids there; ordinary users' homes may be closed to these. */
	readonly temporary: string;
	remove(): Promise<void>;
}

const NAME = /^building\.(.+)\.(\d+)\.[0-9a-f-]+$/;

/**
 * Makes the folders for one build and removes what builds left that were ended in the middle.
 * @throws UserError if another davit builds the same image at this moment
 */
export async function openWorkspace(
	output: string,
	image: string,
	mode: Mode,
	{ random, runner }: { readonly random: Random; readonly runner: Omit<Runner, "cwd"> },
): Promise<Workspace> {
	await mkdir(output, { recursive: true });
	const places = mode === "root" ? [output] : [output, tmpdir()];
	for (const place of places) await clear(place, image, mode, runner);
	const name = `building.${image}.${process.pid}.${random.uuid()}`;
	const folder = join(output, name);
	const temporary = mode === "root" ? join(folder, "tmp") : join(tmpdir(), name);
	await mkdir(folder);
	await mkdir(temporary, { mode: 0o755 });
	return {
		folder,
		temporary,
		remove: async () => {
			for (const made of new Set([folder, temporary])) await removeTree(made, mode, runner);
		},
	};
}

async function clear(place: string, image: string, mode: Mode, runner: Omit<Runner, "cwd">): Promise<void> {
	for (const name of await readdir(place)) {
		const [, of, pid] = NAME.exec(name) ?? [];
		if (pid === undefined) continue;
		if (!isRunning(Number(pid))) await removeTree(join(place, name), mode, runner);
		else if (of === image && place !== tmpdir())
			throw new UserError(
				problem("held", `process ${pid} builds ${image} in ${place} at this moment`, {
					hint: "wait for it, or build into another folder with --output",
				}),
				{ exitCode: 3 },
			);
	}
}

/** In an ordinary user's tree there are files of ids that only a user namespace may touch. */
async function removeTree(folder: string, mode: Mode, runner: Omit<Runner, "cwd">): Promise<void> {
	if (mode === "root") return rm(folder, { recursive: true, force: true });
	const signal = new AbortController().signal;
	await run(inNamespace(mode, ["rm", "-rf", "--", folder]), { ...runner, signal, cwd: "/" });
}
