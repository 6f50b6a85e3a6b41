import { createHash, generateKeyPairSync, randomBytes } from "node:crypto";

/** An OpenSSH private key file's text, and the line that stands for it in `authorized_keys` (`ssh-ed25519 AAAA… comment`). */
export interface KeyPair {
	readonly privateKey: string;
	readonly publicKey: string;
}

const TYPE = "ssh-ed25519";

/** A new ed25519 key pair without passphrase, for logins and for host keys alike. The comment stands in both halves. */
export function generateKeyPair(comment: string): KeyPair {
	if (/[\r\n\0]/.test(comment)) throw new RangeError("a key's comment is one line");
	const jwk = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
	const seed = Buffer.from(jwk.d ?? "", "base64url");
	const point = Buffer.from(jwk.x ?? "", "base64url");
	const blob = Buffer.concat([string(TYPE), string(point)]);
	const line = `${TYPE} ${blob.toString("base64")}`;
	return {
		privateKey: armour(secretPart(seed, point, comment), blob),
		publicKey: comment ? `${line} ${comment}` : line,
	};
}

/** `SHA256:…` of a public key line, as ssh-keygen -l prints it. */
export function fingerprint(publicKey: string): string {
	return blobFingerprint(publicKeyBlob(publicKey));
}

/** `SHA256:…` of a public key as it goes over the wire. */
export function blobFingerprint(blob: Uint8Array): string {
	return `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`;
}

/** What a public key line holds, as it goes over the wire. A line without a key gives an empty one, which no server has. */
export function publicKeyBlob(publicKey: string): Buffer {
	return Buffer.from(publicKey.trim().split(/\s+/)[1] ?? "", "base64");
}

/** The public key line of a key as it goes over the wire. */
export function publicKeyLine(blob: Buffer): string {
	const type = blob.subarray(4, 4 + blob.readUInt32BE(0)).toString("latin1");
	return `${type} ${blob.toString("base64")}`;
}

/** `ssh-ed25519` of `ssh-ed25519 AAAA…`. */
export function publicKeyType(publicKey: string): string {
	return publicKey.trim().split(/\s+/)[0] ?? "";
}

/** The unencrypted private section of OpenSSH's PROTOCOL.key, padded to its block size of 8. */
function secretPart(seed: Buffer, point: Buffer, comment: string): Buffer {
	const check = randomBytes(4);
	const fields = [check, check, string(TYPE), string(point), string(Buffer.concat([seed, point])), string(comment)];
	const body = Buffer.concat(fields);
	const padding = Buffer.from(Array.from({ length: (8 - (body.length % 8)) % 8 }, (_, index) => index + 1));
	return Buffer.concat([body, padding]);
}

function armour(secret: Buffer, blob: Buffer): string {
	const magic = Buffer.from("openssh-key-v1\0");
	const one = Buffer.from([0, 0, 0, 1]);
	const all = Buffer.concat([magic, string("none"), string("none"), string(""), one, string(blob), string(secret)]);
	const lines = all.toString("base64").match(/.{1,70}/g) ?? [];
	return ["-----BEGIN OPENSSH PRIVATE KEY-----", ...lines, "-----END OPENSSH PRIVATE KEY-----", ""].join("\n");
}

/** RFC 4251's `string`: a length of 4 bytes and the bytes. */
function string(value: string | Buffer): Buffer {
	const bytes = Buffer.from(value);
	const length = Buffer.alloc(4);
	length.writeUInt32BE(bytes.length);
	return Buffer.concat([length, bytes]);
}
