import { existsSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { copySqliteStore, type StoreCopy } from "../../state/sqlite-copy.ts";
import { defaultKeyFile } from "../../variables/key-file.ts";
import type { CliContext } from "../command.ts";

/**
 * Gives `work` a copy of the state store, and, unless `keepKey`, a context in which a key that is not there yet is made up instead of written
 * down: what is planned there leaves no trace. The copy goes when `work` has ended.
 */
export async function withStoreCopy<T>(
	context: CliContext,
	keepKey: boolean,
	work: (copy: StoreCopy, context: CliContext) => Promise<T>,
): Promise<T> {
	const { stateFolder, clock, random, env } = context;
	const copy = await copySqliteStore({ file: join(stateFolder, "state.db"), clock, random }, tmpdir());
	try {
		const file = env.DAVIT_KEY_FILE ?? defaultKeyFile(env, homedir());
		const hasKey =
			keepKey || env.DAVIT_KEY || env.DAVIT_KEY_COMMAND || existsSync(file) || (await copy.store.hasVariables());
		const madeUp = { DAVIT_KEY: Buffer.from(random.bytes(32)).toString("base64") };
		return await work(copy, hasKey ? context : { ...context, env: { ...env, ...madeUp } });
	} finally {
		await copy.close();
	}
}
