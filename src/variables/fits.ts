import { type KeyObject, X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import type { Value, VariableDefinition } from "../manifest/deployment.ts";
import { certificateOptions, type ExtendedKeyUsageName, passwordLength } from "./options.ts";

const HOUR_MS = 3_600_000;

/** RFC 5280, 4.2.1.12. */
const USAGE_IDS: Readonly<Record<ExtendedKeyUsageName, string>> = {
	server_auth: "1.3.6.1.5.5.7.3.1",
	client_auth: "1.3.6.1.5.5.7.3.2",
	code_signing: "1.3.6.1.5.5.7.3.3",
	email_protection: "1.3.6.1.5.5.7.3.4",
	timestamping: "1.3.6.1.5.5.7.3.8",
};

/**
 * True if a value that somebody else keeps is what its definition asks for, as far as the value tells: `update_mode: converge` keeps it
 * then. `ca` is the value of the CA that is to have signed it.
 */
export function fitsDefinition({ type, options }: VariableDefinition, value: Value, ca: Value | undefined): boolean {
	if (type === "password") return typeof value === "string" && value.length === passwordLength(options);
	if (type !== "certificate") return true;
	const certificate = read(textOf(value, "certificate"));
	if (!certificate) return false;
	const wanted = certificateOptions(options);
	const days = (certificate.validToDate.getTime() - certificate.validFromDate.getTime()) / (24 * HOUR_MS);
	const subject = certificate.subject.split("\n");
	const usages = (certificate as { readonly keyUsage?: readonly string[] }).keyUsage ?? [];
	return (
		certificate.ca === wanted.isCa &&
		subject.includes(`O=${wanted.organization}`) &&
		(wanted.commonName === undefined || subject.includes(`CN=${wanted.commonName}`)) &&
		same(alternativeNames(certificate), wanted.alternativeNames.map(usual)) &&
		same(
			usages,
			wanted.extendedKeyUsage.map((name) => USAGE_IDS[name]),
		) &&
		certificate.publicKey.asymmetricKeyDetails?.modulusLength === wanted.keyLength &&
		// Clocks that are a little apart are allowed for.
		Math.abs(days - wanted.durationDays) < 0.5 &&
		signedBy(certificate, wanted.ca === undefined ? certificate : read(textOf(ca, "certificate")))
	);
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
