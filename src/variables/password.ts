import type { Random } from "../clock.ts";

const alphabet = "abcdefghijklmnopqrstuvwxyz0123456789";

/** A random text of a-z and 0-9, each equally likely. Source: BOSH's config-server password generator. */
export function makePassword(length: number, random: Random): string {
	// Bytes above the last whole multiple of the alphabet would make its first letters likelier.
	const limit = 256 - (256 % alphabet.length);
	let password = "";
	while (password.length < length) {
		for (const byte of random.bytes(length)) {
			if (byte < limit && password.length < length) password += alphabet[byte % alphabet.length];
		}
	}
	return password;
}
