import type { Random } from "../clock.ts";
import { problem, UserError } from "../errors.ts";
import { decrypt, encrypt } from "./aes.ts";
import type { Key } from "./key.ts";

const format = "davit1";

/** What a ciphertext is bound to: it opens nowhere else. */
export interface SealedPlace {
	readonly key: Key;
	readonly deployment: string;
	readonly name: string;
	readonly version: number;
}

/** AES-256-GCM: `davit1.<key id>.<nonce, ciphertext and tag in base64url>`. */
export function seal(text: string, place: SealedPlace & { readonly random: Random }): string {
	const { key, random } = place;
	const sealed = encrypt(Buffer.from(text), { key, random, bound: boundTo(place) });
	return `${format}.${key.id}.${sealed.toString("base64url")}`;
}

/** The text that was sealed. Throws a UserError naming both keys if the key is another, or the variable if it was changed. */
export function openSealed(sealed: string, place: SealedPlace): string {
	const { key, deployment, name } = place;
	const [written, id, body = ""] = sealed.split(".");
	if (written === format && id !== key.id) {
		throw new UserError(
			problem("wrong-key", `variable ${name} of ${deployment} is sealed with key ${id}; the key at hand is ${key.id}`, {
				hint: `the key came from ${key.source}: give the one that the store was made with, in DAVIT_KEY, DAVIT_KEY_COMMAND or that file`,
			}),
		);
	}
	const bytes = Buffer.from(body, "base64url");
	try {
		if (written !== format) throw new Error(`unknown format ${written}`);
		return decrypt(bytes, { key, bound: boundTo(place) }).toString("utf8");
	} catch (error) {
		throw new UserError(
			problem("sealed-damaged", `variable ${name} of ${deployment} can't be opened: what is stored was changed`, {
				hint: "restore the state store from a backup",
			}),
			{ cause: error },
		);
	}
}

function boundTo({ key, deployment, name, version }: SealedPlace): Uint8Array {
	return Buffer.from(JSON.stringify([format, key.id, deployment, name, version]));
}
