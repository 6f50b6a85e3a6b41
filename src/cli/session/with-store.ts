import type { SqliteStore } from "../../state/sqlite.ts";
import type { CliContext } from "../command.ts";
import { openStore } from "./store.ts";

/** Opens the state store for `work`, and closes it after. */
export async function withStore<T>(context: CliContext, work: (store: SqliteStore) => Promise<T>): Promise<T> {
	const store = await openStore(context);
	try {
		return await work(store);
	} finally {
		await store.close();
	}
}
