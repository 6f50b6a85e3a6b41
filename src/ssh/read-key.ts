import ssh2 from "ssh2";
import { type KeyPair, publicKeyLine } from "./keys.ts";

/** The pair of a private key file's text (OpenSSH or PEM, without passphrase); else what is wrong with it. */
export function readKeyPair(text: string): KeyPair | { readonly problem: string } {
	const parsed = ssh2.utils.parseKey(text);
	const key = Array.isArray(parsed) ? parsed[0] : parsed;
	if (key instanceof Error) return { problem: key.message };
	if (!key?.isPrivateKey()) return { problem: "it is a public key" };
	return { privateKey: text, publicKey: publicKeyLine(key.getPublicSSH()) };
}
