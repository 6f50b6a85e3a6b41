import { constants } from "node:fs";
import { access, chmod, chown, link, open, readFile, realpath, rename, rm, stat } from "node:fs/promises";
import type { Random } from "../clock.ts";
import { problem, UserError } from "../errors.ts";

/** A vars store as it was read. */
export interface StoreFile {
	readonly text: string;
	/** As the user named it. */
	readonly file: string;
	/** Absolute. */
	readonly path: string;
	/** There was none yet. */
	readonly missing: boolean;
}

/** The file's text; none if there is no file yet. */
export async function readStore(path: string, file: string): Promise<StoreFile> {
	try {
		return { path, file, text: await readFile(path, "utf8"), missing: false };
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "ENOENT") return { path, file, text: "", missing: true };
		const hint = "check the path and who may read it";
		throw failed(file, `the vars store can't be read: ${(error as Error).message}`, hint);
	}
}

/**
 * Puts a new text in the place of the one that was read: written beside it and renamed, so that whoever reads or interrupts meets one
 * whole file. Mode and owner stay; a new file is for its owner only. If somebody else changed the file since, it is left as it is: a hard
 * link beside it keeps a second davit out between the last look and the renaming.
 */
export async function replaceStore(store: StoreFile, text: string, random: Random): Promise<void> {
	const { file } = store;
	const path = await realpath(store.path).catch(() => store.path);
	const beside = `${path}.${random.uuid()}`;
	const guard = `${path}.davit-writes`;
	let guarded = false;
	try {
		const former = await stat(path).catch(() => undefined);
		if (former) await mayWrite(path, former.mode);
		await writeWhole(beside, text);
		if (former) {
			const { uid, gid } = await stat(beside);
			if (uid !== former.uid || gid !== former.gid) await chown(beside, former.uid, former.gid);
			await chmod(beside, former.mode & 0o7777);
		}
		await hold(guard, beside, file);
		guarded = true;
		const now = await readStore(path, file);
		if (now.text !== store.text || now.missing !== store.missing) {
			const message = "somebody else changed the vars store meanwhile, and nothing was written";
			throw new UserError(problem("vars-store-changed", message, { place: { file }, hint: "run it again" }));
		}
		await rename(beside, path);
	} catch (error) {
		if (error instanceof UserError) throw error;
		const hint = "nothing was written; make room or give yourself the right to write there, and run it again";
		throw failed(file, `the vars store can't be written: ${(error as Error).message}`, hint);
	} finally {
		await rm(beside, { force: true });
		if (guarded) await rm(guard, { force: true });
	}
}

/** Renaming would pass over a file's own mode, which somebody set with a purpose. */
async function mayWrite(path: string, mode: number): Promise<void> {
	if ((mode & 0o222) === 0) throw new Error("it is read-only");
	await access(path, constants.W_OK);
}

async function writeWhole(path: string, text: string): Promise<void> {
	const handle = await open(path, "wx", 0o600);
	try {
		await handle.writeFile(text);
		await handle.sync();
	} finally {
		await handle.close();
	}
}

async function hold(guard: string, beside: string, file: string): Promise<void> {
	try {
		await link(beside, guard);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
		const message = "another davit writes the vars store at this moment, and nothing was written";
		const hint = `run it again; if no davit runs, one was killed there: delete ${guard}`;
		throw new UserError(problem("vars-store-held", message, { place: { file }, hint }), { exitCode: 3 });
	}
}

function failed(file: string, message: string, hint: string): UserError {
	return new UserError(problem("vars-store", message, { place: { file }, hint }));
}
