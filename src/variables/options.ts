import { isIP } from "node:net";
import { type Problem, problem } from "../errors.ts";
import type { Value, ValueMap, VariableDefinition } from "../manifest/deployment.ts";

/** Values of `extended_key_usage`: BOSH's two, and the others that CredHub knows. */
const extendedKeyUsages = ["server_auth", "client_auth", "code_signing", "email_protection", "timestamping"] as const;
export type ExtendedKeyUsageName = (typeof extendedKeyUsages)[number];

/** Values of `key_usage`, as CredHub spells them; in the order of their bits in a certificate (RFC 5280, 4.2.1.3). */
export const keyUsages = [
	...(["digital_signature", "non_repudiation", "key_encipherment", "data_encipherment", "key_agreement"] as const),
	...(["key_cert_sign", "crl_sign", "encipher_only", "decipher_only"] as const),
] as const;
export type KeyUsageName = (typeof keyUsages)[number];

/** Options of a certificate with BOSH's defaults filled in. */
export interface CertificateOptions {
	readonly commonName: string | undefined;
	readonly alternativeNames: readonly string[];
	readonly isCa: boolean;
	/** Name of the variable that signs it; absent: it signs itself. */
	readonly ca: string | undefined;
	readonly organization: string;
	readonly extendedKeyUsage: readonly ExtendedKeyUsageName[];
	readonly keyUsage: readonly KeyUsageName[];
	readonly durationDays: number;
	readonly keyLength: number;
}

interface OptionCheck {
	readonly is: string;
	readonly holds: (value: Value) => boolean;
}

const text: OptionCheck = { is: "a text", holds: (value) => typeof value === "string" && value !== "" };
const whole: OptionCheck = {
	is: "a whole number of at least 1",
	holds: (value) => typeof value === "number" && Number.isSafeInteger(value) && value >= 1,
};
const listOf = (is: string, holds: (value: Value) => boolean): OptionCheck => ({
	is: `a list of ${is}`,
	holds: (value) => Array.isArray(value) && value.every(holds),
});
const wordsOf = (words: readonly string[]) =>
	listOf(words.join(", "), (value) => typeof value === "string" && words.includes(value));

/** IDNs stand in certificates in their ASCII form; a zone means nothing to another machine. */
function isHost(value: Value): boolean {
	if (typeof value !== "string" || value.includes("%")) return false;
	return isIP(value) !== 0 || /^[!-~]+$/.test(value);
}

const checks: Readonly<Record<VariableDefinition["type"], Readonly<Record<string, OptionCheck>>>> = {
	password: { length: whole },
	certificate: {
		common_name: text,
		alternative_names: listOf("IP addresses and host names in ASCII", isHost),
		is_ca: { is: "true or false", holds: (value) => typeof value === "boolean" },
		ca: { ...text, is: "the name of a certificate variable" },
		organization: text,
		extended_key_usage: wordsOf(extendedKeyUsages),
		key_usage: wordsOf(keyUsages),
		duration: { ...whole, is: "a whole number of days" },
		key_length: { is: "2048, 3072 or 4096", holds: (value) => [2048, 3072, 4096].includes(value as number) },
	},
	rsa: {},
	ssh: {},
};

/** All that is wrong with a definition's options taken alone. Unknown keys are errors, as in BOSH. */
export function checkOptions({ name, type, options, place: entry }: VariableDefinition): readonly Problem[] {
	const known = checks[type];
	const names = Object.keys(known);
	const place = (key: string) => ({ ...entry, path: `/variables/name=${name}/options/${key}` });
	return Object.entries(options).flatMap(([key, value]) => {
		const check = known[key];
		if (!check) {
			const hint =
				names.length > 0 ? `a ${type} takes ${names.join(", ")}` : `a variable of type ${type} takes no options`;
			return [problem("unknown-option", `variable ${name}: unknown option ${key}`, { place: place(key), hint })];
		}
		const reference = /\(\([^()]+\)\)/.exec(JSON.stringify(value))?.[0];
		if (reference) {
			return [
				problem("unresolved-option", `variable ${name}: option ${key} refers to ${reference}, which has no value`, {
					place: place(key),
					hint: "give it a value with -v or -l: options can't use generated variables",
				}),
			];
		}
		if (check.holds(value)) return [];
		return [
			problem("bad-option", `variable ${name}: option ${key} must be ${check.is}, and is ${JSON.stringify(value)}`, {
				place: place(key),
				hint: "correct it, or leave the option out",
			}),
		];
	});
}

/** The length of a password: 20 unless given, as in the BOSH CLI. */
export function passwordLength(options: ValueMap): number {
	return (options.length as number | undefined) ?? 20;
}

/** Options that `checkOptions` found good, with the defaults of the BOSH CLI. */
export function certificateOptions(options: ValueMap): CertificateOptions {
	const get = <T>(key: string, otherwise: T) => (options[key] as T | undefined) ?? otherwise;
	const isCa = get("is_ca", false);
	return {
		commonName: get<string | undefined>("common_name", undefined),
		alternativeNames: get<readonly string[]>("alternative_names", []),
		isCa,
		ca: get<string | undefined>("ca", undefined),
		organization: get("organization", "Cloud Foundry"),
		extendedKeyUsage: get<readonly ExtendedKeyUsageName[]>("extended_key_usage", isCa ? [] : ["server_auth"]),
		keyUsage: get<readonly KeyUsageName[]>(
			"key_usage",
			isCa ? ["key_cert_sign", "crl_sign"] : ["key_encipherment", "digital_signature"],
		),
		durationDays: get("duration", 365),
		keyLength: get("key_length", 3072),
	};
}
