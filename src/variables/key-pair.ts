import { createHash, generateKeyPair, type KeyObject } from "node:crypto";
import { promisify } from "node:util";
import type { ValueMap } from "../manifest/deployment.ts";

export interface KeyPair {
	readonly privateKey: KeyObject;
	readonly publicKey: KeyObject;
}

/** A new RSA key pair, made off the main thread: 3072 bits take from 0.1 s to some seconds. */
export async function makeRsaKeyPair(modulusLength: number): Promise<KeyPair> {
	return await promisify(generateKeyPair)("rsa", { modulusLength });
}

/** PKCS #1 PEM, as the BOSH CLI writes private keys: old programs read no other. */
export function privateKeyPem(key: KeyObject): string {
	return key.export({ type: "pkcs1", format: "pem" }).toString();
}

/** Value of an `rsa` variable: 2048 bits, public key as SubjectPublicKeyInfo. */
export async function makeRsa(): Promise<ValueMap> {
	const { privateKey, publicKey } = await makeRsaKeyPair(2048);
	return {
		private_key: privateKeyPem(privateKey),
		public_key: publicKey.export({ type: "spki", format: "pem" }).toString(),
	};
}

/** Value of an `ssh` variable: RSA 2048, public key as an authorized_keys line, MD5 fingerprint in hex with colons. */
export async function makeSsh(): Promise<ValueMap> {
	const { privateKey, publicKey } = await makeRsaKeyPair(2048);
	const wire = sshRsaWireFormat(publicKey);
	const fingerprint = createHash("md5").update(wire).digest("hex").match(/../g) ?? [];
	return {
		private_key: privateKeyPem(privateKey),
		public_key: `ssh-rsa ${wire.toString("base64")}\n`,
		public_key_fingerprint: fingerprint.join(":"),
	};
}

/** RFC 4253, 6.6: the algorithm, exponent and modulus, each with its length. */
function sshRsaWireFormat(key: KeyObject): Buffer {
	const { e = "", n = "" } = key.export({ format: "jwk" });
	const integer = (base64url: string) => {
		const bytes = Buffer.from(base64url, "base64url");
		// A leading 1 bit would make the number negative.
		return (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.alloc(1), bytes]) : bytes;
	};
	return Buffer.concat([Buffer.from("ssh-rsa"), integer(e), integer(n)].flatMap((part) => [lengthOf(part), part]));
}

function lengthOf(part: Buffer): Buffer {
	const length = Buffer.alloc(4);
	length.writeUInt32BE(part.length);
	return length;
}
