import { createCipheriv, createDecipheriv } from "node:crypto";
import type { Random } from "../clock.ts";
import type { Key } from "./key.ts";

const CIPHER = "aes-256-gcm";
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** AES-256-GCM under the key's sealing half: nonce, ciphertext and tag. It opens only with the same `bound`. */
export function encrypt(
	text: Uint8Array,
	{ key, bound, random }: { readonly key: Key; readonly bound: Uint8Array; readonly random: Random },
): Buffer {
	const nonce = random.bytes(NONCE_BYTES);
	const cipher = createCipheriv(CIPHER, key.sealing, nonce).setAAD(bound);
	return Buffer.concat([nonce, cipher.update(text), cipher.final(), cipher.getAuthTag()]);
}

/** What `encrypt` was given. Throws if key, bytes or `bound` are others. */
export function decrypt(bytes: Buffer, { key, bound }: { readonly key: Key; readonly bound: Uint8Array }): Buffer {
	const options = { authTagLength: TAG_BYTES };
	const decipher = createDecipheriv(CIPHER, key.sealing, bytes.subarray(0, NONCE_BYTES), options).setAAD(bound);
	decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
	return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
}
