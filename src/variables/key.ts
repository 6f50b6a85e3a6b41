import { createHmac, hkdfSync } from "node:crypto";
import type { Random } from "../clock.ts";
import { problem, UserError } from "../errors.ts";
import { runKeyCommand } from "./key-command.ts";
import { readKeyFile } from "./key-file.ts";

/** What seals variables. Two keys are derived from one secret, so that a digest can't help to open anything. */
export interface Key {
	/** Names the key without telling anything of it: 16 hex digits. */
	readonly id: string;
	/** Where it came from, for people: `DAVIT_KEY`, `DAVIT_KEY_COMMAND` or the file's path. */
	readonly source: string;
	/** True if the key file was made just now: it should be backed up. */
	readonly created: boolean;
	/** 32 bytes, for AES-256-GCM. */
	readonly sealing: Uint8Array;
	/** 32 bytes, for HMAC-SHA-256. */
	readonly digesting: Uint8Array;
}

export interface KeyOptions {
	/** Environment: DAVIT_KEY is the key itself, DAVIT_KEY_COMMAND prints it; the first that is set is used, else the file. */
	readonly env: Readonly<Record<string, string | undefined>>;
	/** Absolute path, outside `storeFolder`; made with mode 0600 if absent and `mayCreate`. */
	readonly file: string;
	readonly storeFolder: string;
	/** False when there is something sealed already, which a new key couldn't open. */
	readonly mayCreate: boolean;
	readonly random: Random;
}

/** Reads the key. Throws a UserError that says how to mend what is wrong with it, never what it holds. */
export async function loadKey({ env, ...options }: KeyOptions): Promise<Key> {
	if (env.DAVIT_KEY) return keyFrom(env.DAVIT_KEY, "DAVIT_KEY", false);
	if (env.DAVIT_KEY_COMMAND) return keyFrom(await runKeyCommand(env.DAVIT_KEY_COMMAND), "DAVIT_KEY_COMMAND", false);
	const { text, created } = await readKeyFile(options);
	return keyFrom(text, options.file, created);
}

/** HMAC-SHA-256 of the bytes, 64 hex digits: tells same from other without telling what. */
export function keyedDigest(key: Key, bytes: string | Uint8Array): string {
	return createHmac("sha256", key.digesting).update(bytes).digest("hex");
}

function keyFrom(text: string, source: string, created: boolean): Key {
	const secret = decode(text.trim());
	if (!secret) {
		throw new UserError(
			problem("bad-key", `${source} holds no key: 32 bytes in base64 or hex are needed`, {
				hint: "give the one that the state store was made with; for a new store, `openssl rand -base64 32` makes one",
			}),
		);
	}
	const derive = (use: string, length: number) =>
		new Uint8Array(hkdfSync("sha256", secret, "", `davit ${use} 1`, length));
	return {
		id: Buffer.from(derive("id", 8)).toString("hex"),
		source,
		created,
		sealing: derive("seal", 32),
		digesting: derive("digest", 32),
	};
}

function decode(text: string): Buffer | undefined {
	if (/^[0-9a-fA-F]{64}$/.test(text)) return Buffer.from(text, "hex");
	return /^[A-Za-z0-9+/_-]{43}=?$/.test(text) ? Buffer.from(text, "base64") : undefined;
}
