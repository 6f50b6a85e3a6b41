import { gunzipSync, gzipSync } from "node:zlib";
import type { Random } from "../clock.ts";
import { problem, UserError } from "../errors.ts";
import { decrypt, encrypt } from "./aes.ts";
import type { Key } from "./key.ts";

const FORMAT = "davit state 1";

/** What an exported store says of itself in clear: its first line, as JSON. */
export interface StoreFileHeader {
	/** UUID of the store. */
	readonly store: string;
	/** ISO 8601. */
	readonly exported_at: string;
	/** `user@host` */
	readonly exported_by: string;
	/** Id of the key that it is encrypted with. */
	readonly key: string;
}

/** A store's database as one encrypted file: a line that says what it is, then AES-256-GCM over its gzip, bound to that line. */
export function encryptStore(
	database: Uint8Array,
	header: Omit<StoreFileHeader, "key">,
	{ key, random }: { readonly key: Key; readonly random: Random },
): Buffer {
	const line = Buffer.from(`${JSON.stringify({ format: FORMAT, ...header, key: key.id })}\n`);
	return Buffer.concat([line, encrypt(gzipSync(database), { key, random, bound: line })]);
}

/** The database in such a file. Throws a UserError that says what is wrong with the file, or with the key. */
export function decryptStore(file: Uint8Array, name: string, key: Key): { header: StoreFileHeader; database: Buffer } {
	const bytes = Buffer.from(file);
	const end = bytes.indexOf("\n");
	const header = headerOf(bytes.subarray(0, Math.max(end, 0)).toString("utf8"));
	if (!header) throw refused("not-a-state-export", "this is no state store that davit exported", name);
	if (header.key !== key.id) {
		const message = `this file is encrypted with key ${header.key}; the key at hand (${key.source}) is ${key.id}`;
		throw refused(
			"wrong-key",
			message,
			name,
			"give the key that the store was made with, in DAVIT_KEY or DAVIT_KEY_COMMAND",
		);
	}
	try {
		const zipped = decrypt(bytes.subarray(end + 1), { key, bound: bytes.subarray(0, end + 1) });
		return { header, database: gunzipSync(zipped) };
	} catch {
		throw refused("state-export-damaged", "this file was cut short or changed since davit wrote it", name);
	}
}

function headerOf(line: string): StoreFileHeader | undefined {
	try {
		const { format, ...header } = JSON.parse(line) as { format?: unknown } & StoreFileHeader;
		return format === FORMAT ? header : undefined;
	} catch {
		return undefined;
	}
}

function refused(code: string, message: string, file: string, hint = "take another copy of the file"): UserError {
	return new UserError(problem(code, message, { place: { file }, hint }));
}
