import { link, mkdir, readFile, realpath, stat, unlink, writeFile } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import type { Random } from "../clock.ts";
import { problem, UserError } from "../errors.ts";

export interface KeyFile {
	readonly file: string;
	readonly storeFolder: string;
	readonly mayCreate: boolean;
	readonly random: Random;
}

/** `davit/key` in XDG_CONFIG_HOME, which is `~/.config` by default. */
export function defaultKeyFile(env: Readonly<Record<string, string | undefined>>, home: string): string {
	return join(env.XDG_CONFIG_HOME || join(home, ".config"), "davit", "key");
}

/** The key file's text; the file is made if absent. Refused if others can read it or if it lies beside what it protects. */
export async function readKeyFile(options: KeyFile): Promise<{ readonly text: string; readonly created: boolean }> {
	const { file } = options;
	await refuseInside(file, options.storeFolder);
	const created = await createIfAbsent(options);
	const { mode } = await stat(file).catch(failed(file, "read"));
	if ((mode & 0o077) !== 0) {
		const octal = (mode & 0o777).toString(8).padStart(4, "0");
		throw new UserError(
			problem("key-file-open", `the key file is open to others (mode ${octal})`, {
				place: { file },
				hint: `chmod 600 ${file}, if you are sure that nobody took it`,
			}),
		);
	}
	return { text: await readFile(file, "utf8").catch(failed(file, "read")), created };
}

/** A copy of the store's folder must be worth nothing without the key. */
async function refuseInside(file: string, storeFolder: string): Promise<void> {
	const path = relative(await resolved(storeFolder), await resolved(file));
	if (path.startsWith(`..${sep}`)) return;
	throw new UserError(
		problem("key-beside-store", `the key file lies in the folder of the state store, ${storeFolder}`, {
			place: { file },
			hint: "give the store a folder of its own, or name the key with DAVIT_KEY or DAVIT_KEY_COMMAND",
		}),
	);
}

/** The path with links followed, as far as it exists. */
async function resolved(path: string): Promise<string> {
	return await realpath(path).catch(async () =>
		dirname(path) === path ? path : join(await resolved(dirname(path)), relative(dirname(path), path)),
	);
}

/** Whole or not at all, and never over another's: two first runs at the same moment end up with one key. */
async function createIfAbsent({ file, mayCreate, random }: KeyFile): Promise<boolean> {
	if (await isThere(file)) return false;
	if (!mayCreate) {
		throw new UserError(
			problem("key-missing", "the key file is gone, and the state store holds variables sealed with it", {
				place: { file },
				hint: "bring it back from a backup, or name the key with DAVIT_KEY or DAVIT_KEY_COMMAND",
			}),
		);
	}
	const half = `${file}.${random.uuid()}`;
	try {
		await mkdir(dirname(file), { recursive: true, mode: 0o700 });
		const text = `${Buffer.from(random.bytes(32)).toString("base64")}\n`;
		await writeFile(half, text, { flag: "wx", mode: 0o600, flush: true });
		await link(half, file);
		return true;
	} catch (error) {
		const { code, syscall } = error as NodeJS.ErrnoException;
		if (code === "EEXIST" && syscall === "link") return false;
		return failed(file, "made")(error);
	} finally {
		await unlink(half).catch(() => undefined);
	}
}

/** A file that can't be looked at is not gone. */
async function isThere(file: string): Promise<boolean> {
	const found = await stat(file).catch((error: NodeJS.ErrnoException) =>
		error.code === "ENOENT" ? undefined : failed(file, "read")(error),
	);
	return found !== undefined;
}

function failed(file: string, done: string): (error: unknown) => never {
	return (error) => {
		// "ENOTDIR: not a directory, stat '/…'": what is behind the comma is told already.
		const why = (error as Error).message.replace(/^E[A-Z]+: |,.*$/gs, "");
		throw new UserError(
			problem("key-file-unusable", `the key file can't be ${done}: ${why}`, {
				place: { file },
				hint: "check the owner and mode of its folder, or name the key with DAVIT_KEY or DAVIT_KEY_COMMAND",
			}),
			{ cause: error },
		);
	};
}
