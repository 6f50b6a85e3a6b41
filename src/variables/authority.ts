import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { problem, UserError } from "../errors.ts";
import type { Value, VariableDefinition } from "../manifest/deployment.ts";

/** A certificate authority: its certificate as PEM, and the key that signs. */
export interface Authority {
	readonly certificate: string;
	readonly privateKey: KeyObject;
}

/** Reads the value of the variable that signs a leaf; a UserError naming both if it can't sign. `now` in ms since 1970. */
export function readAuthority(
	{ name: leaf, place: entry }: Pick<VariableDefinition, "name" | "place">,
	ca: string,
	value: Value | undefined,
	now: number,
): Authority {
	const place = { ...entry, path: `/variables/name=${leaf}/options/ca` };
	const fail = (what: string, hint: string, cause?: unknown) =>
		new UserError(problem("bad-ca", `variable ${leaf}: its CA ${ca} ${what}`, { place, hint }), { cause });
	const { certificate, private_key } = (value ?? {}) as { readonly certificate?: Value; readonly private_key?: Value };
	if (typeof certificate !== "string" || certificate.trim() === "") {
		throw fail("has no certificate", `give ${ca} as a map of certificate and private_key, or define it as a variable`);
	}
	if (typeof private_key !== "string" || private_key.trim() === "") {
		throw fail(
			"has no private key",
			`only with the private_key of ${ca} can davit sign; else give ${leaf} itself a value`,
		);
	}
	const { parsed, privateKey } = parse(certificate, private_key, (cause) =>
		fail(
			"has a certificate or private key that can't be read",
			"both must be PEM, the key without a passphrase",
			cause,
		),
	);
	if (!parsed.checkPrivateKey(privateKey))
		throw fail("has a private key that isn't its certificate's", "give the pair");
	if (!parsed.ca) throw fail("may not sign: it is no CA", `set is_ca: true in the options of ${ca}`);
	if (parsed.validToDate.getTime() <= now) {
		throw fail(
			`expired on ${parsed.validToDate.toISOString()}`,
			`give a newer ${ca}, or have it made anew: update_mode: overwrite, for one deploy`,
		);
	}
	return { certificate, privateKey };
}

function parse(certificate: string, privateKey: string, failed: (cause: unknown) => UserError) {
	try {
		return { parsed: new X509Certificate(certificate), privateKey: createPrivateKey(privateKey) };
	} catch (error) {
		throw failed(error);
	}
}
