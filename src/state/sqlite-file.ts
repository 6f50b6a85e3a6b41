import { chmod, mkdir, open, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import type { Clock, Random } from "../clock.ts";
import { problem, UserError } from "../errors.ts";
import { networkFileSystem } from "./network-file-system.ts";
import { type Database, openDatabase } from "./sqlite-database.ts";
import { migrate } from "./sqlite-schema.ts";

const busyMs = 10_000;

export interface StoreFile {
	readonly file: string;
	readonly clock: Clock;
	readonly random: Random;
	/** statfs(2)'s type of the file system that a folder is on; the system's answer unless given. */
	readonly fileSystemType?: (folder: string) => Promise<number>;
}

/** Opens the store's file, made if absent: folder 0700, file 0600, tables of this version, write-ahead log. */
export async function openStoreFile({ file, clock, random, fileSystemType = typeOf }: StoreFile): Promise<Database> {
	await makeFile(file, fileSystemType);
	const database = openDatabase(file, busyMs);
	try {
		await enableWriteAheadLog(database, clock);
		// A journal that a power failure may shorten would forget effects that happened.
		database.run("PRAGMA synchronous = FULL");
		migrate(database, file, random);
		return database;
	} catch (error) {
		database.close();
		throw error;
	}
}

async function makeFile(file: string, fileSystemType: (folder: string) => Promise<number>): Promise<void> {
	const folder = dirname(file);
	try {
		await mkdir(folder, { recursive: true, mode: 0o700 });
		await refuseNetworkFileSystem(file, await fileSystemType(folder));
		const handle = await open(file, "a", 0o600);
		const { mode } = await handle.stat();
		await handle.close();
		if ((mode & 0o077) !== 0) await chmod(file, 0o600);
	} catch (error) {
		if (error instanceof UserError) throw error;
		const code = (error as NodeJS.ErrnoException).code ?? String(error);
		throw new UserError(
			problem("state-unreadable", `the state store ${file} can't be opened: ${code}`, {
				place: { file },
				hint: "check the owner and mode of the file and its folder, or name another folder with --state",
			}),
			{ cause: error },
		);
	}
}

async function refuseNetworkFileSystem(file: string, type: number): Promise<void> {
	const name = process.platform === "linux" ? networkFileSystem(type) : undefined;
	if (!name) return;
	throw new UserError(
		problem(
			"store-on-network",
			`the state store ${file} is on a network file system (${name}), where locks don't hold`,
			{
				place: { file },
				hint: "name a folder on a local disk with --state or DAVIT_HOME; a team shares a PostgreSQL store instead",
			},
		),
		{ exitCode: 4 },
	);
}

async function typeOf(folder: string): Promise<number> {
	return (await statfs(folder)).type;
}

/**
 * SQLite doesn't wait for others while it changes the journal's mode, so the first openers of a new file can collide. Where it does wait, since
 * the file is locked, once is enough.
 */
async function enableWriteAheadLog(database: Database, clock: Clock): Promise<void> {
	const until = clock.monotonic() + busyMs;
	for (const waitMs of [20, 50, 100, 200, 500, 1000, 2000]) {
		try {
			database.run("PRAGMA journal_mode = WAL");
			return;
		} catch (error) {
			const isBusy = error instanceof UserError && error.problems[0]?.code === "state-busy";
			if (!isBusy || clock.monotonic() >= until) throw error;
			await clock.sleep(waitMs, new AbortController().signal);
		}
	}
	database.run("PRAGMA journal_mode = WAL");
}
