import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Problem, UserError } from "../../../src/errors.ts";
import { checkDeployment } from "../../../src/manifest/check.ts";
import { interpolateManifest } from "../../../src/manifest/interpolate-manifest.ts";
import { parseCloud, parseDeployment } from "../../../src/manifest/schema.ts";
import { planOffline } from "../../../src/plan/plan-offline.ts";
import { kpaasMin, kpaasMinMissing } from "../../support/kpaas-min.ts";

/** `DAVIT_MUTATIONS=50000` is the long run. */
const RUNS = Number(process.env.DAVIT_MUTATIONS ?? 2000);
const manifests = join(import.meta.dirname, "../../../manifests");

const texts = (folder: string) =>
	readdirSync(folder)
		.filter((name) => name.endsWith(".yml"))
		.map((name) => readFileSync(join(folder, name), "utf8"));
const ours = [...texts(manifests), ...texts(join(manifests, "cloud"))];
const theirs = kpaasMinMissing
	? []
	: [kpaasMin, join(kpaasMin, "operations"), join(kpaasMin, "cloud-config")].flatMap(texts);

/** Pieces of real files: whole small ones, and of large ones as much as parses in a millisecond, from the beginning of a line on. */
const piece = fc.tuple(fc.constantFrom(...ours, ...theirs), fc.nat()).map(([text, at]) => {
	if (text.length < 4000) return text;
	const start = text.indexOf("\n", at % (text.length - 3000)) + 1;
	return text.slice(start, start + 3000);
});

const TOKENS = [
	": ",
	"- ",
	"\n",
	"\t",
	"  ",
	"{",
	"}",
	"[",
	"]",
	"((",
	"))",
	"((x))",
	"((!y.z))",
	"&a ",
	"*a",
	"<<: *a",
	"!!binary ",
	"|",
	">",
	"#",
	"'",
	'"',
	"? ",
	"---\n",
	"%YAML 1.2\n",
	"~",
	"null",
	"0x",
	"1e999",
	"-1",
	"18446744073709551616",
	"\u0000",
	"\ufeff",
	"가",
	"😀",
	"name",
	"__proto__",
	"constructor",
	"instance_groups:",
	"10.0.0.0/8",
	"::/0",
	"999%",
];

interface Mutation {
	readonly kind: "delete" | "insert" | "swap" | "repeat" | "cut";
	readonly at: number;
	readonly length: number;
	readonly token: string;
}

const mutation: fc.Arbitrary<Mutation> = fc.record({
	kind: fc.constantFrom("delete", "insert", "swap", "repeat", "cut"),
	at: fc.nat(),
	length: fc.integer({ min: 1, max: 40 }),
	token: fc.oneof(fc.constantFrom(...TOKENS), fc.string({ maxLength: 6, unit: "binary" })),
});

function mutated(text: string, { kind, at, length, token }: Mutation): string {
	const start = at % (text.length + 1);
	const [before, part, after] = [text.slice(0, start), text.slice(start, start + length), text.slice(start + length)];
	if (kind === "delete") return before + after;
	if (kind === "insert") return before + token + part + after;
	if (kind === "swap") return before + token + after;
	return kind === "repeat" ? before + part + part + after : before + part;
}

/** All that davit says of these texts; what it throws beside a UserError fails the test. */
function problemsOf(manifest: string, cloud: string, ops: string, vars: string): readonly Problem[] {
	try {
		const variables = { varsFiles: [{ text: vars, file: "vars.yml" }] };
		const own = interpolateManifest({
			manifest: { text: manifest, file: "m.yml" },
			ops: [{ text: ops, file: "ops.yml" }],
			variables,
		});
		const other = interpolateManifest({ manifest: { text: cloud, file: "c.yml" }, variables });
		const read = parseDeployment(own, "/");
		const readCloud = parseCloud(other);
		const told = [...own.problems, ...own.warnings, ...other.problems, ...read.problems, ...readCloud.problems];
		if (!read.deployment || !readCloud.cloud) return told;
		told.push(...checkDeployment(read.deployment, readCloud.cloud, { manifest: own, cloud: other }));
		if (told.some(({ severity }) => severity === "error")) return told;
		planOffline(read.deployment, readCloud.cloud, { used: new Set(), imported: new Set() });
		return told;
	} catch (error) {
		if (error instanceof UserError) return error.problems;
		throw error;
	}
}

test(`${RUNS} mutations of real manifests: nothing but located errors`, { timeout: 3_600_000 }, () => {
	const counts = { fine: 0, told: 0 };
	const whole = fc.constantFrom(...ours);
	const part = fc.oneof({ weight: 3, arbitrary: whole }, { weight: 2, arbitrary: piece });
	const rarely = fc.oneof({ weight: 4, arbitrary: fc.constant("") }, { weight: 1, arbitrary: piece });
	fc.assert(
		fc.property(
			fc.tuple(part, whole, rarely, rarely),
			fc.nat({ max: 3 }),
			fc.array(mutation, { minLength: 1, maxLength: 3 }),
			([manifest, cloud, ops, vars], which, mutations) => {
				const all = [manifest, cloud, ops, vars];
				all[which] = mutations.reduce(mutated, all[which] ?? "");
				const [m = "", c = "", o = "", v = ""] = all;
				const told = problemsOf(m, c, o, v);
				counts[told.some(({ severity }) => severity === "error") ? "told" : "fine"] += 1;
				for (const { message, place } of told) {
					expect(message).not.toMatch(/undefined|\[object|NaN/);
					expect(place?.file, message).toMatch(/^(m|c|ops|vars)\.yml$/);
					expect(place?.line, message).toBeGreaterThan(0);
				}
			},
		),
		{ numRuns: RUNS },
	);
	// Both happen, or the mutations are too mild or too wild to say anything.
	expect(Math.min(counts.fine, counts.told)).toBeGreaterThan(RUNS / 50);
});
