import { createHash, type Hash } from "node:crypto";

type Algorithm = "sha1" | "sha256" | "sha512";
export type Digests = Readonly<Record<Algorithm, string>>;

const hexLength: Readonly<Record<Algorithm, number>> = { sha1: 40, sha256: 64, sha512: 128 };

/**
 * Reads what `sha1` keys hold in release.MF and manifests: `HEX` (SHA-1), `sha1:HEX`, `sha256:HEX`, `sha512:HEX`, or several joined
 * by `;`. Undefined if no part of it is a digest of a known kind.
 */
function parseDigests(text: string): readonly { readonly algorithm: Algorithm; readonly hex: string }[] | undefined {
	const known = text.split(";").flatMap((part) => {
		const [, algorithm = "sha1", hex = ""] = /^\s*(?:([a-z0-9]+):)?([0-9a-fA-F]+)\s*$/.exec(part) ?? [];
		if (!(algorithm in hexLength) || hex.length !== hexLength[algorithm as Algorithm]) return [];
		return [{ algorithm: algorithm as Algorithm, hex: hex.toLowerCase() }];
	});
	return known.length > 0 ? known : undefined;
}

/** The first of the expected digests that differs; undefined if all that are of a known kind agree. */
export function digestMismatch(
	expected: string,
	actual: Digests,
): { readonly expected: string; readonly actual: string } | undefined {
	const wanted = parseDigests(expected);
	if (!wanted) return { expected: `${expected} (not a digest that davit knows)`, actual: `sha256:${actual.sha256}` };
	const wrong = wanted.find(({ algorithm, hex }) => actual[algorithm] !== hex);
	if (!wrong) return undefined;
	return { expected: `${wrong.algorithm}:${wrong.hex}`, actual: `${wrong.algorithm}:${actual[wrong.algorithm]}` };
}

/** Hashes of every kind that BOSH knows, over one passing of the bytes. */
export function digester(): { update(chunk: Uint8Array): void; digests(): Digests } {
	const hashes: Record<Algorithm, Hash> = {
		sha1: createHash("sha1"),
		sha256: createHash("sha256"),
		sha512: createHash("sha512"),
	};
	return {
		update: (chunk) => {
			for (const hash of Object.values(hashes)) hash.update(chunk);
		},
		digests: () => ({
			sha1: hashes.sha1.digest("hex"),
			sha256: hashes.sha256.digest("hex"),
			sha512: hashes.sha512.digest("hex"),
		}),
	};
}

/** Digests of bytes at hand. */
export function digestsOf(content: Uint8Array): Digests {
	const all = digester();
	all.update(content);
	return all.digests();
}
