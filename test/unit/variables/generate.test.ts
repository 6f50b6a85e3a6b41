import { createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import type { Value, ValueMap, VariableDefinition } from "../../../src/manifest/deployment.ts";
import { makeVariable } from "../../../src/variables/generate.ts";
import { planVariables } from "../../../src/variables/plan.ts";
import { manualClock, systemRandom } from "../../support/manual-clock.ts";
import { openssl } from "./openssl.ts";

const making = { clock: manualClock(Date.now()), random: systemRandom };

function define(
	name: string,
	type: VariableDefinition["type"],
	options: ValueMap,
	updateMode: VariableDefinition["updateMode"] = "no-overwrite",
): VariableDefinition {
	return { name, type, options: type === "certificate" ? { key_length: 2048, ...options } : options, updateMode };
}

type Certificate = Readonly<Record<"ca" | "certificate" | "private_key", string>>;

async function certificate(options: ValueMap, lookup: Readonly<Record<string, Value>> = {}): Promise<Certificate> {
	const made = await makeVariable(define("leaf", "certificate", options), (name) => lookup[name], making);
	return made as unknown as Certificate;
}

const show = (pem: string, ...what: string[]) =>
	openssl(["x509", "-in", "{pem}", "-noout", "-nameopt", "utf8,sep_comma_plus", ...what], { pem });

let root: Certificate;
beforeAll(async () => {
	root = await certificate({ is_ca: true, common_name: "루트 CA" });
});

describe("a certificate", () => {
	test("of a root signs itself, may sign others, and is its own ca", async () => {
		expect(root.ca).toBe(root.certificate);
		expect(await openssl(["verify", "-CAfile", "{ca}", "{ca}"], { ca: root.ca })).toContain(": OK");
		const text = await show(root.certificate, "-subject", "-ext", "basicConstraints,keyUsage,extendedKeyUsage");
		expect(text).toBe(
			[
				"subject=C=US,O=Cloud Foundry,CN=루트 CA",
				"X509v3 Basic Constraints: critical",
				"    CA:TRUE",
				"X509v3 Key Usage: critical",
				"    Certificate Sign, CRL Sign",
				"",
			].join("\n"),
		);
	});

	test("of a leaf verifies against its CA and has BOSH's defaults", async () => {
		const leaf = await certificate({ ca: "ca", common_name: "*.sys.example", key_length: 3072 }, { ca: root as never });
		expect(leaf.ca).toBe(root.certificate);
		const verified = await openssl(["verify", "-x509_strict", "-CAfile", "{ca}", "{leaf}"], {
			...{ ca: root.ca, leaf: leaf.certificate },
		});
		expect(verified).toContain(": OK");
		const text = await show(leaf.certificate, "-subject", "-ext", "basicConstraints,keyUsage,extendedKeyUsage");
		expect(text).toBe(
			[
				"subject=C=US,O=Cloud Foundry,CN=*.sys.example",
				"X509v3 Basic Constraints: critical",
				"    CA:FALSE",
				"X509v3 Key Usage: critical",
				"    Digital Signature, Key Encipherment",
				"X509v3 Extended Key Usage: ",
				"    TLS Web Server Authentication",
				"",
			].join("\n"),
		);
		expect(await show(leaf.certificate, "-text")).toContain("Public-Key: (3072 bit)");
	});

	test("has the options that were asked for", async () => {
		const leaf = await certificate(
			{
				...{ ca: "ca", organization: "K-PaaS", duration: 10, key_usage: ["digital_signature"] },
				alternative_names: ["10.77.0.11", "fd00::1", "db.internal", "*.apps.internal"],
				extended_key_usage: ["client_auth", "server_auth"],
			},
			{ ca: root as never },
		);
		const text = await show(leaf.certificate, "-subject", "-ext", "keyUsage,extendedKeyUsage,subjectAltName");
		expect(text).toBe(
			[
				"subject=C=US,O=K-PaaS",
				"X509v3 Key Usage: critical",
				"    Digital Signature",
				"X509v3 Extended Key Usage: ",
				"    TLS Web Client Authentication, TLS Web Server Authentication",
				"X509v3 Subject Alternative Name: ",
				"    IP Address:10.77.0.11, IP Address:FD00:0:0:0:0:0:0:1, DNS:db.internal, DNS:*.apps.internal",
				"",
			].join("\n"),
		);
		const end = Date.parse((await show(leaf.certificate, "-enddate")).replace("notAfter=", ""));
		const days = (end - making.clock.now()) / 86_400_000;
		expect(days).toBeGreaterThan(9.99);
		expect(days).toBeLessThanOrEqual(10);
	});

	test("of an intermediate chains to its root and signs leaves", async () => {
		const middle = await certificate({ ca: "ca", is_ca: true, common_name: "middle" }, { ca: root as never });
		const leaf = await certificate({ ca: "middle", common_name: "leaf" }, { middle: middle as never });
		expect(leaf.ca).toBe(middle.certificate);
		const files = { root: root.ca, middle: middle.certificate, leaf: leaf.certificate };
		const args = ["verify", "-x509_strict", "-CAfile", "{root}", "-untrusted", "{middle}", "{leaf}"];
		expect(await openssl(args, files)).toContain(": OK");
	});

	test("has the private key that belongs to it, in the form that the BOSH CLI writes", async () => {
		expect(root.private_key).toMatch(/^-----BEGIN RSA PRIVATE KEY-----\n/);
		const signature = sign("sha256", Buffer.from("x"), createPrivateKey(root.private_key));
		expect(verify("sha256", Buffer.from("x"), root.certificate, signature)).toBe(true);
	});

	test.each([
		[
			"RSA with its own key id",
			["-newkey", "rsa:2048", "-addext", "subjectKeyIdentifier=DEADBEEF", "-addext", "authorityKeyIdentifier=none"],
		],
		["P-256", ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]],
		["P-384", ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"]],
		["Ed25519", ["-newkey", "ed25519"]],
	])("can be signed by a CA that the user brings: %s", async (_, key) => {
		const subject = ["-subj", "/C=KR/O=우리회사/CN=Company CA", "-utf8"];
		const made = await openssl([
			"req",
			"-x509",
			"-noenc",
			"-days",
			"9",
			...key,
			...subject,
			"-keyout",
			"-",
			"-out",
			"-",
		]);
		const [private_key = ""] = /-----BEGIN PRIVATE KEY-----[\s\S]*-----END PRIVATE KEY-----\n/.exec(made) ?? [];
		const [ca = ""] = /-----BEGIN CERTIFICATE-----[\s\S]*-----END CERTIFICATE-----\n/.exec(made) ?? [];
		const leaf = await certificate({ ca: "company" }, { company: { certificate: ca, private_key } });
		const verified = await openssl(["verify", "-CAfile", "{ca}", "{leaf}"], { ca, leaf: leaf.certificate });
		expect(verified).toContain(": OK");
		// Go compares issuer and subject byte by byte.
		const nameOf = async (pem: string, what: string) => {
			const text = await openssl(["x509", "-in", "{pem}", "-noout", what, "-nameopt", "RFC2253,show_type"], { pem });
			return text.replace(/^\w+=/, "");
		};
		expect(await nameOf(leaf.certificate, "-issuer")).toBe(await nameOf(ca, "-subject"));
	});

	test.each<[string, (root: Certificate) => Promise<Value | undefined> | Value | undefined, string]>([
		["is not there", () => undefined, "variable leaf: its CA ca has no certificate"],
		["is empty", () => ({ certificate: "", private_key: "" }), "variable leaf: its CA ca has no certificate"],
		["has no key", ({ certificate }) => ({ certificate }), "variable leaf: its CA ca has no private key"],
		[
			"is no PEM",
			() => ({ certificate: "SECRET-1", private_key: "SECRET-2" }),
			"variable leaf: its CA ca has a certificate or private key that can't be read",
		],
		[
			"has another's key",
			async ({ certificate: pem }) => ({
				...{ certificate: pem, private_key: (await certificate({ is_ca: true })).private_key },
			}),
			"variable leaf: its CA ca has a private key that isn't its certificate's",
		],
		[
			"is no CA",
			async (ca) => (await certificate({ ca: "ca" }, { ca: ca as never })) as never,
			"variable leaf: its CA ca may not sign: it is no CA",
		],
	])("is refused if its CA %s", async (_, ca, message) => {
		const value = await ca(root);
		await expect(certificate({ ca: "ca" }, value === undefined ? {} : { ca: value })).rejects.toThrow(message);
	});

	test("is refused if its CA has expired", async () => {
		const late = { ...making, clock: manualClock(making.clock.now() + 366 * 86_400_000) };
		await expect(makeVariable(define("leaf", "certificate", { ca: "ca" }), () => root as never, late)).rejects.toThrow(
			/^variable leaf: its CA ca expired on 20/,
		);
	});
});

test("a password has its length, BOSH's alphabet, and every letter as often as the others", async () => {
	const password = (options: ValueMap) => makeVariable(define("p", "password", options), () => undefined, making);
	expect(await password({})).toMatch(/^[a-z0-9]{20}$/);
	const long = (await password({ length: 36_000 })) as string;
	const counts = new Map<string, number>();
	for (const letter of long) counts.set(letter, (counts.get(letter) ?? 0) + 1);
	expect(counts.size).toBe(36);
	for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(250);
});

test("an rsa key pair belongs together and is in BOSH's forms", async () => {
	const pair = (await makeVariable(define("k", "rsa", {}), () => undefined, making)) as Record<string, string>;
	expect(Object.keys(pair)).toEqual(["private_key", "public_key"]);
	expect(pair.private_key).toMatch(/^-----BEGIN RSA PRIVATE KEY-----\n/);
	expect(await openssl(["pkey", "-in", "{key}", "-pubout"], { key: pair.private_key ?? "" })).toBe(pair.public_key);
});

test("an ssh key pair is what ssh-keygen makes of it", async () => {
	const pair = (await makeVariable(define("k", "ssh", {}), () => undefined, making)) as Record<string, string>;
	const [kind, blob = ""] = (pair.public_key ?? "").split(" ");
	expect(kind).toBe("ssh-rsa");
	const wire = Buffer.from(blob, "base64");
	const fields: Buffer[] = [];
	for (let at = 0; at < wire.length; at += 4 + (fields.at(-1)?.length ?? 0)) {
		fields.push(wire.subarray(at + 4, at + 4 + wire.readUInt32BE(at)));
	}
	const jwk = createPublicKey(pair.private_key ?? "").export({ format: "jwk" });
	expect(fields[0]?.toString()).toBe("ssh-rsa");
	expect(fields[1]?.toString("base64url")).toBe(jwk.e);
	expect(fields[2]?.subarray(1).toString("base64url")).toBe(jwk.n);
	expect(fields[2]?.[0]).toBe(0);
	expect(pair.public_key_fingerprint).toMatch(/^([0-9a-f]{2}:){15}[0-9a-f]{2}$/);
});

test("a CA that is defined after what it signs is made first", async () => {
	const { variables } = planVariables(
		[
			define("ca_old", "certificate", { is_ca: true }),
			define("leaf", "certificate", { ca: "ca_new", common_name: "leaf" }),
			define("ca_new", "certificate", { is_ca: true }),
		],
		[],
	);
	const made: Record<string, Certificate> = {};
	for (const { definition } of variables) {
		const value = await makeVariable(definition, (name) => made[name], making);
		made[definition.name] = value as unknown as Certificate;
	}
	expect(Object.keys(made)).toEqual(["ca_old", "ca_new", "leaf"]);
	const files = { ca: made.ca_new?.certificate ?? "", leaf: made.leaf?.certificate ?? "" };
	expect(await openssl(["verify", "-CAfile", "{ca}", "{leaf}"], files)).toContain(": OK");
});
