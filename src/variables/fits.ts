import { type KeyObject, X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import type { Value, VariableDefinition } from "../manifest/deployment.ts";
import { certificateOptions, type ExtendedKeyUsageName, type KeyUsageName, keyUsages } from "./options.ts";

const HOUR_MS = 3_600_000;

/** RFC 5280, 4.2.1.12. */
const USAGE_IDS: Readonly<Record<ExtendedKeyUsageName, string>> = {
	server_auth: "1.3.6.1.5.5.7.3.1",
	client_auth: "1.3.6.1.5.5.7.3.2",
	code_signing: "1.3.6.1.5.5.7.3.3",
	email_protection: "1.3.6.1.5.5.7.3.4",
	timestamping: "1.3.6.1.5.5.7.3.8",
};

/** The id of the extension that holds a certificate's key usages, in DER. */
const KEY_USAGE_ID = Buffer.from("0603551d0f", "hex");

/**
 * True if a value that somebody else keeps is what its definition asks for, as far as the value tells: `update_mode: converge` keeps it
 * then. What the options leave to a default is not compared: BOSH's changed over the years, and nobody asked for another credential.
 * `ca` is the value of the CA that is to have signed it.
 */
export function fitsDefinition({ type, options }: VariableDefinition, value: Value, ca: Value | undefined): boolean {
	if (type === "password")
		return typeof value === "string" && (options.length === undefined || value.length === options.length);
	if (type !== "certificate") return textOf(value, "private_key") !== "";
	const certificate = read(textOf(value, "certificate"));
	if (!certificate) return false;
	const wanted = certificateOptions(options);
	const days = (certificate.validToDate.getTime() - certificate.validFromDate.getTime()) / (24 * HOUR_MS);
	const subject = certificate.subject.split("\n");
	const extended = (certificate as { readonly keyUsage?: readonly string[] }).keyUsage ?? [];
	const asked = (option: string, fits: boolean) => options[option] === undefined || fits;
	const { commonName } = wanted;
	const extendedKeyUsage = wanted.extendedKeyUsage.map((name) => USAGE_IDS[name]);
	return (
		// One that may not sign is no CA to Node, whatever else it says.
		certificate.ca === (wanted.isCa && wanted.keyUsage.includes("key_cert_sign")) &&
		asked("organization", subject.includes(`O=${wanted.organization}`)) &&
		(commonName === undefined
			? !subject.some((part) => part.startsWith("CN="))
			: subject.includes(`CN=${commonName}`)) &&
		same(alternativeNames(certificate), wanted.alternativeNames.map(usual)) &&
		asked("extended_key_usage", same(extended, extendedKeyUsage)) &&
		asked("key_usage", same(keyUsagesOf(certificate), wanted.keyUsage)) &&
		asked("key_length", certificate.publicKey.asymmetricKeyDetails?.modulusLength === wanted.keyLength) &&
		// Clocks that are a little apart are allowed for.
		asked("duration", Math.abs(days - wanted.durationDays) < 0.5) &&
		signedBy(certificate, wanted.ca === undefined ? certificate : read(textOf(ca, "certificate")))
	);
}

/** Node tells of a certificate's extended usages only; the others are looked for in its bytes. */
function keyUsagesOf({ raw }: X509Certificate): readonly KeyUsageName[] {
	// The id of the extension, perhaps "critical", then an octet string that holds a bit string of one or two bytes.
	const found = raw.indexOf(KEY_USAGE_ID);
	if (found === -1) return [];
	const after = found + KEY_USAGE_ID.length;
	const octets = raw[after] === 0x01 ? after + 3 : after;
	const bits = raw.subarray(octets + 5, octets + 4 + (raw[octets + 3] ?? 0));
	return keyUsages.filter((_, bit) => (((bits[bit >> 3] ?? 0) << (bit & 7)) & 0x80) !== 0);
}

function textOf(value: Value | undefined, key: string): string {
	const found = (value as { readonly [key: string]: Value } | null | undefined)?.[key];
	return typeof found === "string" ? found : "";
}

function read(pem: string): X509Certificate | undefined {
	try {
		return new X509Certificate(pem);
	} catch {
		return undefined;
	}
}

function signedBy(certificate: X509Certificate, authority: X509Certificate | undefined): boolean {
	return authority !== undefined && certificate.verify(authority.publicKey as KeyObject);
}

/** `DNS:a, IP Address:10.0.0.1`, as Node tells it. */
function alternativeNames({ subjectAltName = "" }: X509Certificate): readonly string[] {
	return subjectAltName === "" ? [] : subjectAltName.split(", ").map((name) => usual(name.replace(/^[^:]+:/, "")));
}

/** One text for the same address: Node writes IPv6 in full. */
function usual(name: string): string {
	return isIP(name) === 6 ? new URL(`http://[${name}]`).hostname : name;
}

function same(a: readonly string[], b: readonly string[]): boolean {
	return [...a].sort().join("\n") === [...b].sort().join("\n");
}
