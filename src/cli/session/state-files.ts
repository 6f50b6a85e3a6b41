import { existsSync } from "node:fs";
import { mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";
import { problem, UserError } from "../../errors.ts";
import { openSqliteStore, type SqliteStore } from "../../state/sqlite.ts";
import { copyDatabase } from "../../state/sqlite-copy.ts";
import type { Key } from "../../variables/key.ts";
import { decryptStore, encryptStore } from "../../variables/sealed-store.ts";
import type { CliContext } from "../command.ts";
import { localProblem } from "./local-problem.ts";
import { actor, openKey, readKey } from "./store.ts";
import { writeWhole } from "./write-whole.ts";

/** The state store, also one that was exported. */
function openEvenMoved({ stateFolder, clock, random }: CliContext, file = join(stateFolder, "state.db")) {
	return openSqliteStore({ file, clock, random, evenMoved: true });
}

/** Writes a copy of the store as it is at this moment, whoever works with it. What it holds of secrets is sealed. */
export async function backupState(path: string, context: CliContext): Promise<void> {
	await writeWhole(path, context, async (beside) => copyDatabase(storeFile(context), beside));
	context.emit({ type: "note", text: `${path}: the state store as it is now; it opens with the same key only` });
}

/**
 * Moves the store into one encrypted file: from then on this one refuses, so that no two work with the same VMs. It says so before the file is
 * there, for a copy that nobody knows of would be worse than a store that must be exported again.
 */
export async function exportState(path: string, context: CliContext): Promise<void> {
	const from = storeFile(context);
	const store = await openEvenMoved(context);
	try {
		const key = await openKey(context, store);
		const [at, by] = [context.clock.now(), actor()];
		await store.move({ to: resolve(context.cwd, path), at, by });
		try {
			const database = await bytesOf(from);
			const header = { store: store.uuid, exported_at: new Date(at).toISOString(), exported_by: by };
			const file = encryptStore(database, header, { key, random: context.random });
			await writeWhole(path, context, (beside) => writeFile(beside, file, { mode: 0o600 }));
		} catch (error) {
			await store.move(undefined);
			throw error;
		}
	} finally {
		await store.close();
	}
	context.emit({
		type: "note",
		text: `${path}: the whole state store. This one refuses from now on; import the file where you go on`,
	});
}

/** Takes over an exported store, if there is none here or only the one that it was. */
export async function importState(path: string, context: CliContext): Promise<void> {
	const target = storeFile(context);
	const file = await readFile(resolve(context.cwd, path)).catch((error: unknown) => {
		throw localProblem(error, path);
	});
	const there = existsSync(target) ? await openEvenMoved(context) : undefined;
	try {
		const { header, database } = decryptStore(file, path, await keyFor(there, context));
		if (there) await refuseOther(there, header.store, target);
		const beside = `${target}.${process.pid}.new`;
		await (await openEvenMoved(context)).close(); // Its folder, and what is wrong with that.
		try {
			await writeFile(beside, database, { mode: 0o600 });
			const imported = await openEvenMoved(context, beside);
			await imported.move(undefined);
			await imported.close();
			await there?.close();
			for (const end of ["-wal", "-shm"]) await rm(`${target}${end}`, { force: true });
			await rename(beside, target);
		} finally {
			for (const end of ["", "-wal", "-shm"]) await rm(`${beside}${end}`, { force: true });
		}
		const { exported_at, exported_by } = header;
		context.emit({ type: "note", text: `${target}: the state store that ${exported_by} exported at ${exported_at}` });
	} catch (error) {
		await there?.close().catch(() => {});
		throw error;
	}
}

/** Nothing is made anew: an import needs the key that is there. */
async function keyFor(there: SqliteStore | undefined, context: CliContext): Promise<Key> {
	return readKey(context, there ? !(await there.hasVariables()) : false);
}

async function refuseOther(there: SqliteStore, uuid: string, file: string): Promise<void> {
	const names = (await there.deployments()).map(({ name }) => name);
	const isItself = there.uuid === uuid;
	if (names.length === 0 || (isItself && (await there.moved()))) return;
	const which = isItself ? "this very state store is in use here" : "there is another state store here";
	const message = `${which}, with deployments of its own: ${names.join(", ")}`;
	const hint = isItself
		? "it has gone on since that file was written, so that is out of date"
		: "import into another folder: --state, or DAVIT_HOME";
	throw new UserError(problem("store-there", message, { place: { file }, hint }), { exitCode: 4 });
}

async function bytesOf(file: string): Promise<Buffer> {
	const folder = await mkdtemp(join(tmpdir(), "davit-state-"));
	try {
		copyDatabase(file, join(folder, "state.db"));
		return await readFile(join(folder, "state.db"));
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
}

function storeFile({ stateFolder }: CliContext): string {
	return join(stateFolder, "state.db");
}
