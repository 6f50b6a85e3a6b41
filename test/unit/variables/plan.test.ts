import { describe, expect, test } from "vitest";
import { UserError } from "../../../src/errors.ts";
import type { ValueMap, VariableDefinition } from "../../../src/manifest/deployment.ts";
import { type KnownVariable, planVariables } from "../../../src/variables/plan.ts";

type Mode = VariableDefinition["updateMode"];

function password(name: string, options: ValueMap = {}, updateMode: Mode = "no-overwrite"): VariableDefinition {
	return { name, type: "password", options, updateMode };
}

function certificate(name: string, options: ValueMap, updateMode: Mode = "no-overwrite"): VariableDefinition {
	return { name, type: "certificate", options, updateMode };
}

/** What the store knows after everything was made once. */
function storedAfter(
	definitions: readonly VariableDefinition[],
	before: readonly KnownVariable[] = [],
): KnownVariable[] {
	const made = planVariables(definitions, before).variables.map(({ definition: { name, type }, version, digest }) => ({
		...{ name, type, version, definition: digest },
	}));
	const names = new Set(made.map(({ name }) => name));
	return [...before.filter(({ name }) => !names.has(name)), ...made];
}

function planned(definitions: readonly VariableDefinition[], stored: readonly KnownVariable[]): string[] {
	return planVariables(definitions, stored).variables.map(
		({ definition, version, reason }) => `${definition.name} ${version} ${reason}`,
	);
}

function problemsOf(definitions: readonly VariableDefinition[], stored: readonly KnownVariable[] = []) {
	try {
		planVariables(definitions, stored);
	} catch (error) {
		if (error instanceof UserError) return error.problems;
		throw error;
	}
	return [];
}

describe("what is made", () => {
	test("is everything at first, and nothing the second time", () => {
		const definitions = [password("p"), certificate("leaf", { ca: "ca" }), certificate("ca", { is_ca: true })];
		expect(planned(definitions, [])).toEqual(["p 1 new", "ca 1 new", "leaf 1 new"]);
		expect(planVariables(definitions, []).variables.map(({ after }) => after)).toEqual([[], [], ["ca"]]);
		expect(planned(definitions, storedAfter(definitions))).toEqual([]);
	});

	test.each<[Mode, string[]]>([
		["no-overwrite", []],
		["converge", ["p 2 converge"]],
		["overwrite", ["p 2 overwrite"]],
	])("after a changed option, by update_mode: %s", (mode, expected) => {
		const stored = storedAfter([password("p")]);
		expect(planned([password("p", { length: 30 }, mode)], stored)).toEqual(expected);
	});

	test("is the unchanged again only with overwrite", () => {
		const stored = storedAfter([password("p"), password("q")]);
		expect(planned([password("p", {}, "converge"), password("q", {}, "overwrite")], stored)).toEqual(["q 2 overwrite"]);
	});

	test("does not include what has a value from elsewhere", () => {
		expect(planVariables([password("p")], [], new Set(["p"])).variables).toEqual([]);
	});

	test("is a converging leaf too when its CA is made anew; another is warned of", () => {
		const before = [certificate("ca", { is_ca: true }), certificate("a", { ca: "ca" }), certificate("b", { ca: "ca" })];
		const after = [
			certificate("ca", { is_ca: true, common_name: "new" }, "converge"),
			certificate("a", { ca: "ca" }, "converge"),
			certificate("b", { ca: "ca" }),
		];
		expect(planned(after, storedAfter(before))).toEqual(["ca 2 converge", "a 2 converge"]);
		expect(planVariables(after, storedAfter(before)).warnings).toEqual([
			{
				severity: "warning",
				code: "signed-by-old-ca",
				message: "variable b stays signed by the old ca, which is made anew",
				place: { path: "/variables/name=b" },
				hint: "set update_mode: converge for b as well",
			},
		]);
		expect(planned(after, storedAfter(after, storedAfter(before)))).toEqual([]);
	});
});

describe("what is refused", () => {
	test.each<[string, VariableDefinition[], string, string | undefined]>([
		[
			"an unknown option",
			[password("p", { lenght: 3 })],
			"variable p: unknown option lenght",
			"a password takes length",
		],
		[
			"an option of a type without any",
			[{ ...password("k", { length: 3 }), type: "rsa" }],
			"variable k: unknown option length",
			"a variable of type rsa takes no options",
		],
		[
			"a length of nothing",
			[password("p", { length: 0 })],
			"variable p: option length must be a whole number of at least 1, and is 0",
			"correct it, or leave the option out",
		],
		[
			"a key length that is none",
			[certificate("c", { is_ca: true, key_length: 1024 })],
			"variable c: option key_length must be 2048, 3072 or 4096, and is 1024",
			"correct it, or leave the option out",
		],
		[
			"an unknown usage",
			[certificate("c", { is_ca: true, extended_key_usage: ["server"] })],
			'variable c: option extended_key_usage must be a list of server_auth, client_auth, code_signing, email_protection, timestamping, and is ["server"]',
			"correct it, or leave the option out",
		],
		[
			"a name that no certificate can hold",
			[certificate("c", { is_ca: true, alternative_names: ["데이터.example"] })],
			'variable c: option alternative_names must be a list of IP addresses and host names in ASCII, and is ["데이터.example"]',
			"correct it, or leave the option out",
		],
		[
			"a reference without value",
			[certificate("c", { is_ca: true, common_name: "*.((system_domain))" })],
			"variable c: option common_name refers to ((system_domain)), which has no value",
			"give it a value with -v or -l: options can't use generated variables",
		],
		[
			"no CA",
			[certificate("c", { common_name: "c" })],
			"variable c: a certificate needs a CA",
			"name the variable that signs it with ca, or make it a CA with is_ca: true",
		],
		[
			"an unknown CA",
			[certificate("c", { ca: "none" })],
			"variable c: its CA none is neither defined nor given",
			"define none under variables with is_ca: true, or give it with -l",
		],
		[
			"a CA that is a leaf",
			[certificate("ca", { is_ca: true }), certificate("b", { ca: "ca" }), certificate("c", { ca: "b" })],
			"variable c: b can't sign it, since it is no CA",
			"set is_ca: true in the options of b, or name another",
		],
		[
			"a CA that is a password",
			[password("ca"), certificate("c", { ca: "ca" })],
			"variable c: ca can't sign it, since its type is password",
			"define ca as a certificate with is_ca: true, or name another",
		],
		[
			"a CA that may not sign",
			[certificate("r", { is_ca: true }), certificate("ca", { ca: "r" }), certificate("c", { ca: "ca" })],
			"variable c: ca can't sign it, since it is no CA",
			"set is_ca: true in the options of ca, or name another",
		],
		[
			"a ring",
			[
				certificate("a", { is_ca: true, ca: "b" }),
				certificate("b", { is_ca: true, ca: "c" }),
				certificate("c", { is_ca: true, ca: "b" }),
			],
			"variables sign each other in a ring: b → c → b",
			"one of them must be a root: is_ca: true without ca",
		],
		[
			"a CA that signs itself by name",
			[certificate("a", { is_ca: true, ca: "a" })],
			"variables sign each other in a ring: a → a",
			"one of them must be a root: is_ca: true without ca",
		],
	])("%s", (_, definitions, message, hint) => {
		expect(problemsOf(definitions)).toMatchObject([{ message, hint }]);
	});

	test("another type under the same name, unless it may be made anew", () => {
		const stored = storedAfter([password("x")]);
		const changed = certificate("x", { is_ca: true });
		expect(problemsOf([changed], stored)).toMatchObject([
			{
				message: "variable x is stored as password, but defined as certificate",
				place: { path: "/variables/name=x/type" },
			},
		]);
		expect(planned([{ ...changed, updateMode: "converge" }], stored)).toEqual(["x 2 converge"]);
	});

	test("all at once", () => {
		const problems = problemsOf([password("p", { a: 1, length: -1 }), certificate("c", { ca: "none" })]);
		expect(problems.map(({ code }) => code)).toEqual(["unknown-option", "bad-option", "unknown-ca"]);
	});
});
