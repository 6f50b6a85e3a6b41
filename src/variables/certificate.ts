// The X.509 library needs this to be loaded before it. Only this module loads the two, on use: they take a while.
import "reflect-metadata";
import type { KeyObject, webcrypto } from "node:crypto";
import { isIP } from "node:net";
import * as x509 from "@peculiar/x509";
import type { Clock, Random } from "../clock.ts";
import type { ValueMap } from "../manifest/deployment.ts";
import type { Authority } from "./authority.ts";
import { makeRsaKeyPair, privateKeyPem } from "./key-pair.ts";
import type { CertificateOptions, ExtendedKeyUsageName, KeyUsageName } from "./options.ts";

const hourMs = 3_600_000;

const extendedKeyUsageIds: Readonly<Record<ExtendedKeyUsageName, x509.ExtendedKeyUsage>> = {
	server_auth: x509.ExtendedKeyUsage.serverAuth,
	client_auth: x509.ExtendedKeyUsage.clientAuth,
	code_signing: x509.ExtendedKeyUsage.codeSigning,
	email_protection: x509.ExtendedKeyUsage.emailProtection,
	timestamping: x509.ExtendedKeyUsage.timeStamping,
};

const keyUsageFlags: Readonly<Record<KeyUsageName, x509.KeyUsageFlags>> = {
	digital_signature: x509.KeyUsageFlags.digitalSignature,
	non_repudiation: x509.KeyUsageFlags.nonRepudiation,
	key_encipherment: x509.KeyUsageFlags.keyEncipherment,
	data_encipherment: x509.KeyUsageFlags.dataEncipherment,
	key_agreement: x509.KeyUsageFlags.keyAgreement,
	key_cert_sign: x509.KeyUsageFlags.keyCertSign,
	crl_sign: x509.KeyUsageFlags.cRLSign,
	encipher_only: x509.KeyUsageFlags.encipherOnly,
	decipher_only: x509.KeyUsageFlags.decipherOnly,
};

/**
 * Value of a `certificate` variable: `ca`, `certificate`, `private_key` as PEM. Without an authority it signs itself,
 * and its `ca` is its own certificate. Source: BOSH CLI's certificate generator (RSA, C=US).
 */
export async function makeCertificate(
	options: CertificateOptions,
	authority: Authority | undefined,
	{ clock, random }: { readonly clock: Clock; readonly random: Random },
): Promise<ValueMap> {
	const pair = await makeRsaKeyPair(options.keyLength);
	const publicKey = pair.publicKey.toCryptoKey(rsa, true, ["verify"]);
	const signer = authority && new x509.X509Certificate(authority.certificate);
	const subject = new x509.Name([
		{ C: [{ printableString: "US" }] },
		{ O: [{ utf8String: options.organization }] },
		...(options.commonName === undefined ? [] : [{ CN: [{ utf8String: options.commonName }] }]),
	]);
	const now = clock.now();
	const certificate = await x509.X509CertificateGenerator.create({
		serialNumber: serialNumber(random),
		subject,
		issuer: signer?.subjectName ?? subject,
		// A VM's clock may be a little behind ours.
		notBefore: new Date(now - hourMs),
		notAfter: new Date(now + options.durationDays * 24 * hourMs),
		publicKey,
		signingKey: signingKey(authority?.privateKey ?? pair.privateKey),
		signingAlgorithm: { hash: "SHA-256" },
		extensions: await extensionsOf(options, publicKey, signer),
	});
	const pem = `${certificate.toString("pem")}\n`;
	return { ca: authority?.certificate ?? pem, certificate: pem, private_key: privateKeyPem(pair.privateKey) };
}

async function extensionsOf(
	options: CertificateOptions,
	publicKey: webcrypto.CryptoKey,
	signer: x509.X509Certificate | undefined,
): Promise<x509.Extension[]> {
	const { alternativeNames, extendedKeyUsage, keyUsage, isCa } = options;
	const flags = keyUsage.reduce((all, name) => all | keyUsageFlags[name], 0);
	const names = alternativeNames.map((value) => ({ type: isIP(value) ? ("ip" as const) : ("dns" as const), value }));
	const ownId = await x509.SubjectKeyIdentifierExtension.create(publicKey);
	// Whoever made the CA may have numbered its key in another way than we do.
	const signerId = signer ? signer.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId : ownId.keyId;
	const usages = extendedKeyUsage.map((name) => extendedKeyUsageIds[name]);
	return [
		new x509.BasicConstraintsExtension(isCa, undefined, true),
		ownId,
		...(signerId === undefined ? [] : [new x509.AuthorityKeyIdentifierExtension(signerId)]),
		...(flags === 0 ? [] : [new x509.KeyUsagesExtension(flags, true)]),
		...(usages.length === 0 ? [] : [new x509.ExtendedKeyUsageExtension(usages)]),
		...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)]),
	];
}

const rsa = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" } as const;

/** Ours are RSA; a CA that the user brings may have an elliptic curve. */
function signingKey(key: KeyObject): webcrypto.CryptoKey {
	const curves: Readonly<Record<string, string>> = { prime256v1: "P-256", secp384r1: "P-384", secp521r1: "P-521" };
	if (key.asymmetricKeyType === "ed25519") return key.toCryptoKey("Ed25519", false, ["sign"]);
	const curve = curves[key.asymmetricKeyDetails?.namedCurve ?? ""];
	if (curve) return key.toCryptoKey({ name: "ECDSA", namedCurve: curve }, false, ["sign"]);
	return key.toCryptoKey(rsa, false, ["sign"]);
}

/** 127 random bits: positive, never zero (RFC 5280, 4.1.2.2). */
function serialNumber(random: Random): string {
	const bytes = Uint8Array.from(random.bytes(16));
	bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
	return Buffer.from(bytes).toString("hex");
}
