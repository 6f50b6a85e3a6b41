import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { openSqliteStore, type SqliteStore, type SqliteStoreOptions } from "./sqlite.ts";
import { openDatabase } from "./sqlite-database.ts";
import { refuseForeign } from "./sqlite-schema.ts";
import type { LeaseHolder } from "./state.ts";

/** A store of one's own: what is written in it touches nobody else's. */
export interface StoreCopy {
	readonly store: SqliteStore;
	/** Frees the deployment's lease in the copy, and says who held it when the copy was made. */
	take(deployment: string): Promise<LeaseHolder | undefined>;
	/** Closes and removes it. */
	close(): Promise<void>;
}

const BUSY_MS = 10_000;

/**
 * Copies a store as it is at one moment, whoever writes to it, into a new folder below `folder`; an empty one where there is no file yet. The
 * copy has the store's UUID, and so sees the same VMs at the clouds.
 * @throws UserError as opening the store itself does.
 */
export async function copySqliteStore(options: SqliteStoreOptions, folder: string): Promise<StoreCopy> {
	const own = await mkdtemp(join(folder, "davit-state-"));
	const file = join(own, "state.db");
	const remove = () => rm(own, { recursive: true, force: true });
	try {
		if (existsSync(options.file)) copyDatabase(options.file, file);
		const store = await openSqliteStore({ ...options, file });
		return {
			store,
			take: async (deployment) => {
				const holder = await store.holder(deployment);
				const database = openDatabase(file, BUSY_MS);
				database.run("DELETE FROM leases WHERE deployment = ?", deployment);
				database.close();
				return holder;
			},
			close: async () => {
				await store.close();
				await remove();
			},
		};
	} catch (error) {
		await remove();
		throw error;
	}
}

/** A copy of a store's file as it is at one moment. */
export function copyDatabase(from: string, to: string): void {
	const database = openDatabase(from, BUSY_MS);
	try {
		refuseForeign(database, from);
		database.run("VACUUM INTO ?", to);
	} finally {
		database.close();
	}
}
