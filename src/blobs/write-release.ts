import { createWriteStream } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { type CreatedRelease, createRelease } from "../release/create-release.ts";
import type { PackageStore } from "../release/files.ts";
import { diskProblem } from "./disk-problem.ts";
import { gitState } from "./git-state.ts";
import { openReleaseFolder, type ReleaseFolderOptions } from "./release-folder.ts";

export interface WriteReleaseOptions extends ReleaseFolderOptions {
	readonly name?: string;
	readonly version?: string;
	readonly force: boolean;
	/** Where the tarball goes; `((name))` and `((version))` in it are filled in. Absent: none is written. */
	readonly tarball?: string;
	readonly store: PackageStore;
}

/** `davit create-release`: a dev release from a folder, and its tarball, which appears whole or not at all. */
export async function writeRelease(
	folder: string,
	options: WriteReleaseOptions,
): Promise<{ readonly created: CreatedRelease; readonly tarball: string | undefined }> {
	const path = resolve(folder);
	const { name, version, force, signal, store } = options;
	const git = await gitState(path, signal);
	const created = await createRelease(
		await openReleaseFolder(path, options),
		{ force, git, ...(name === undefined ? {} : { name }), ...(version === undefined ? {} : { version }) },
		store,
	);
	if (options.tarball === undefined) return { created, tarball: undefined };
	const { manifest } = created;
	const target = resolve(
		options.tarball.replaceAll("((name))", manifest.name).replaceAll("((version))", manifest.version),
	);
	const incoming = `${target}.${process.pid}.incoming`;
	try {
		await mkdir(dirname(target), { recursive: true });
		await pipeline(created.tarball(), createWriteStream(incoming), { signal });
		await rename(incoming, target);
	} catch (error) {
		await rm(incoming, { force: true });
		throw diskProblem(error, dirname(target));
	}
	return { created, tarball: target };
}
