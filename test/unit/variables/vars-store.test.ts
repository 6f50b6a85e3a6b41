import { beforeAll, describe, expect, test } from "vitest";
import type { Value, ValueMap, VariableDefinition } from "../../../src/manifest/deployment.ts";
import { fitsDefinition } from "../../../src/variables/fits.ts";
import { fillStore } from "../../../src/variables/vars-store.ts";
import { systemRandom } from "../../support/manual-clock.ts";
import { realClock } from "../../support/real-clock.ts";

const making = { clock: realClock, random: systemRandom };
const define = (
	name: string,
	type: VariableDefinition["type"],
	options: ValueMap = {},
	updateMode: VariableDefinition["updateMode"] = "no-overwrite",
): VariableDefinition => ({ name, type, options, updateMode });
const fill = async (
	definitions: readonly VariableDefinition[],
	stored: Readonly<Record<string, Value>> = {},
	given: Readonly<Record<string, Value>> = {},
) =>
	(
		await fillStore(
			definitions,
			{ stored: new Map(Object.entries(stored)), given: new Map(Object.entries(given)) },
			making,
		)
	).made;

const ca = define("ca", "certificate", { is_ca: true, common_name: "ca", key_length: 2048 });
const options = {
	ca: "ca",
	common_name: "leaf",
	alternative_names: ["leaf.internal", "10.0.0.1", "fd00::1"],
	extended_key_usage: ["client_auth", "server_auth"],
	duration: 30,
	organization: "Here",
	key_length: 2048,
};

describe("a store is filled", () => {
	test("with what it lacks, signers first; what is there or given stays; a definition that refers to nothing is left", async () => {
		const definitions = [
			define("there", "password"),
			define("given", "password"),
			define("leaf", "certificate", { ca: "ca", common_name: "((host))", key_length: 2048 }),
			define("later", "password", { length: "((unknown))" }),
			ca,
			define("sized", "password", { length: "((size))" }),
			define("early", "certificate", { is_ca: true, common_name: "((late))", key_length: 2048 }),
			define("late", "password"),
		];
		const made = await fill(definitions, { there: "x", size: 7 }, { given: "y", host: "h.internal" });
		expect([...made.keys()]).toEqual(["ca", "leaf", "sized", "late", "early"]);
		expect(made.get("sized")).toHaveLength(7);
		const leaf = define("leaf", "certificate", { ca: "ca", common_name: "h.internal", key_length: 2048 });
		expect(fitsDefinition(leaf, made.get("leaf") ?? null, made.get("ca"))).toBe(true);
	});

	test.each([
		["no-overwrite", []],
		["overwrite", ["pw"]],
		["converge", ["pw"]],
	] as const)("by update_mode: %s of a value that no longer fits", async (mode, names) => {
		expect([...(await fill([define("pw", "password", { length: 30 }, mode)], { pw: "short" })).keys()]).toEqual(names);
	});

	test("converge keeps what fits", async () => {
		expect((await fill([define("pw", "password", { length: 5 }, "converge")], { pw: "short" })).size).toBe(0);
	});

	test("a certificate follows its CA, if it is to converge", async () => {
		const leaf = define("leaf", "certificate", options, "converge");
		const stored = Object.fromEntries(await fill([ca, leaf]));
		expect((await fill([ca, leaf], stored)).size).toBe(0);
		expect([...(await fill([{ ...ca, updateMode: "overwrite" }, leaf], stored)).keys()]).toEqual(["ca", "leaf"]);
	});
});

describe("a certificate fits", () => {
	let values: Map<string, Value>;
	beforeAll(async () => {
		values = new Map(
			await fill([ca, define("other", "certificate", ca.options), define("leaf", "certificate", options)]),
		);
	});
	const fits = (changed: ValueMap, signer = "ca") =>
		fitsDefinition(
			define("leaf", "certificate", { ...options, ...changed }),
			values.get("leaf") ?? null,
			values.get(signer),
		);

	test("its own definition, however the names are ordered and written", () => {
		expect(fits({})).toBe(true);
		expect(fits({ alternative_names: ["fd00:0:0::1", "10.0.0.1", "leaf.internal"] })).toBe(true);
		expect(fitsDefinition(ca, values.get("ca") ?? null, undefined)).toBe(true);
	});

	test.each<[string, ValueMap]>([
		["common name", { common_name: "other" }],
		["names", { alternative_names: ["leaf.internal", "10.0.0.1"] }],
		["usages", { extended_key_usage: ["server_auth"] }],
		["duration", { duration: 31 }],
		["organization", { organization: "There" }],
		["key length", { key_length: 3072 }],
		["key usages", { key_usage: ["digital_signature"] }],
		["common name, if none is asked for", { common_name: null }],
		["being a CA", { is_ca: true }],
	])("no other %s", (_, changed) => {
		expect(fits(changed)).toBe(false);
	});

	test("its key usages, whatever they are", async () => {
		const usages = ["digital_signature", "key_agreement", "encipher_only", "decipher_only"];
		const root = ca.options;
		for (const key_usage of [usages, ["non_repudiation"], ["decipher_only"]]) {
			const made = (await fill([define("c", "certificate", { ...root, key_usage })])).get("c") ?? null;
			expect(fitsDefinition(define("c", "certificate", { ...root, key_usage }), made, undefined)).toBe(true);
			const other = define("c", "certificate", { ...root, key_usage: [...key_usage, "crl_sign"] });
			expect(fitsDefinition(other, made, undefined)).toBe(false);
		}
	});

	test("what its options leave open: another tool's defaults are no reason for another credential", async () => {
		const { ca: signer, common_name, alternative_names } = options;
		const bare = define("leaf", "certificate", { ca: signer, common_name, alternative_names });
		expect(fitsDefinition(bare, values.get("leaf") ?? null, values.get("ca"))).toBe(true);
		expect(fitsDefinition(define("pw", "password"), "one of the operator's own", undefined)).toBe(true);
	});

	test("no other CA, and no value that is no certificate", () => {
		expect(fits({}, "other")).toBe(false);
		for (const value of ["text", null, { certificate: "PEM" }])
			expect(fitsDefinition(ca, value, undefined)).toBe(false);
	});
});
