import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { DavitEvent } from "../../src/events.ts";
import { createRedactor, redactEvent } from "../../src/redact.ts";

/** Whatever a program may hold: quotes, blanks, Korean, emoji, lone surrogates. Not a piece of the replacement itself. */
const anySecret = fc
	.oneof(
		fc.string({ minLength: 8, maxLength: 60, unit: "binary" }),
		fc.string({ minLength: 8, maxLength: 60, unit: "grapheme" }),
		fc.string({ minLength: 8, maxLength: 60, unit: fc.constantFrom(..."'\"$`\\/+ %&<>\nab1가") }),
		fc.string({ minLength: 8, maxLength: 200, unit: fc.constantFrom(..."ab") }),
	)
	.filter((secret) => !"<redacted>".includes(secret));
const anyText = fc.string({ maxLength: 30, unit: "binary" });

const pem = `-----BEGIN RSA PRIVATE KEY-----\n${"MIIEpAIBAAKCAQEA+abc/def".repeat(3).slice(0, 64)}\nQWERTYUIOPasdfgh\n-----END RSA PRIVATE KEY-----\n`;

describe("a secret is nowhere in the text any more", () => {
	test("in clear, among other secrets, overlapping as it may", () => {
		fc.assert(
			fc.property(
				fc.array(anySecret, { minLength: 1, maxLength: 5 }),
				fc.array(anyText),
				fc.infiniteStream(fc.nat()),
				(secrets, texts, picks) => {
					const pick = () => secrets[(picks.next().value ?? 0) % secrets.length] ?? "";
					const text = texts.map((part) => part + pick() + (part.length % 2 ? pick().slice(3) : "")).join("");
					const redacted = createRedactor(secrets)(text);
					for (const secret of secrets) expect(redacted).not.toContain(secret);
				},
			),
		);
	});

	test.each<[string, (secret: string) => string]>([
		["JSON", (secret) => JSON.stringify({ secret })],
		[
			"JSON in ASCII only",
			(secret) =>
				JSON.stringify(secret).replace(/[^ -~]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`),
		],
		["a URL", (secret) => `https://x?p=${encodeURIComponent(secret.toWellFormed())}&q=1`],
		["a form", (secret) => new URLSearchParams({ p: secret }).toString()],
		["a shell's single quotes", (secret) => `export P='${secret.replaceAll("'", "'\\''")}'`],
		["a shell's double quotes", (secret) => `export P="${secret.replace(/["$`\\]/g, "\\$&")}"`],
		["base64 alone", (secret) => Buffer.from(secret).toString("base64")],
		["base64 for URLs", (secret) => Buffer.from(secret).toString("base64url")],
	])("in %s: nothing but what surrounds it stays", (_, encode) => {
		fc.assert(
			fc.property(anySecret, (secret) => {
				const redacted = createRedactor([secret])(encode(secret));
				expect(redacted).toContain("<redacted>");
				expect(redacted.replaceAll("<redacted>", "")).toBe(encode(""));
			}),
		);
	});

	test("in base64 of a file that holds it anywhere", () => {
		fc.assert(
			fc.property(
				anySecret,
				fc.uint8Array({ maxLength: 20 }),
				fc.uint8Array({ maxLength: 20 }),
				(secret, before, after) => {
					const bytes = Buffer.from(secret);
					const whole = Buffer.concat([before, bytes, after]).toString("base64");
					const redacted = createRedactor([secret])(whole);
					// Of the secret's bits, at most one letter at each end, shared with a neighbour, is left.
					const kept = redacted.replaceAll("<redacted>", "").replace(/=+$/, "").length;
					expect(kept).toBeLessThanOrEqual(Math.ceil((before.length * 8) / 6) + Math.ceil((after.length * 8) / 6) + 1);
				},
			),
		);
	});

	test("in a PEM: the whole, each line alone, and wrapped base64 of it; its first and last line stay", () => {
		const redact = createRedactor([pem]);
		expect(redact(`a ${pem} b`)).toBe("a <redacted> b");
		const lines = pem.trim().split("\n");
		expect(lines.map((line) => redact(`log: ${line}`))).toEqual([
			"log: -----BEGIN RSA PRIVATE KEY-----",
			"log: <redacted>",
			"log: <redacted>",
			"log: -----END RSA PRIVATE KEY-----",
		]);
		const wrapped =
			Buffer.from(pem)
				.toString("base64")
				.match(/.{1,76}/g) ?? [];
		expect(redact(wrapped.join("\n"))).toMatch(/^(<redacted>\n?)+$/);
		expect(redact(JSON.stringify({ key: JSON.stringify({ pem }) }))).not.toMatch(/MIIE|QWERTY/);
	});
});

describe("what is no secret stays", () => {
	test("any text without the secret", () => {
		fc.assert(
			fc.property(anyText, (text) => {
				expect(createRedactor(["correct-horse-battery"])(text)).toBe(text);
			}),
		);
	});

	test("what surrounds it, and what is shorter than 8 characters", () => {
		const redact = createRedactor(["postgres", "short", "", "correct-horse", "correct-horse-battery"]);
		expect(redact("short: correct-horse-battery, correct-horse-bat; postgres")).toBe(
			"short: <redacted>, <redacted>-bat; <redacted>",
		);
		expect(redact("abcdefg")).toBe("abcdefg");
	});

	test("two that overlap are one", () => {
		expect(createRedactor(["abcdefghij", "ghijklmnop"])("x abcdefghijklmnop y")).toBe("x <redacted> y");
	});
});

test("of an event every text is redacted, but its type and its shape stay", () => {
	const redact = createRedactor(["step-failed", "hunter2hunter2"]);
	const event: DavitEvent = {
		...{ type: "step-failed", id: "start database/0", kind: "start", title: "p=hunter2hunter2", durationMs: 5 },
		problems: [
			{ severity: "error", code: "x", message: "hunter2hunter2 is wrong", place: { file: "/hunter2hunter2", line: 3 } },
		],
	};
	expect(redactEvent(event, redact)).toEqual({
		...{ type: "step-failed", id: "start database/0", kind: "start", title: "p=<redacted>", durationMs: 5 },
		problems: [
			{ severity: "error", code: "x", message: "<redacted> is wrong", place: { file: "/<redacted>", line: 3 } },
		],
	});
	const table: DavitEvent = {
		type: "table",
		name: "variables",
		columns: ["value"],
		rows: [{ value: ["hunter2hunter2", null, 7] }],
	};
	expect(redactEvent(table, redact)).toEqual({ ...table, rows: [{ value: ["<redacted>", null, 7] }] });
});

test("500 secrets cost little, in a long text and in many short ones", () => {
	const secrets = Array.from(
		{ length: 500 },
		(_, at) => `${at}-`.padEnd(20 + (at % 50), "s3cr3t/+k") + (at % 10 ? "" : pem + at),
	);
	const started = performance.now();
	const redact = createRedactor(secrets);
	const text = Array.from(
		{ length: 20_000 },
		(_, at) => `line ${at} of a log, with ${at % 100 ? "nothing" : secrets[at % 500]}`,
	).join("\n");
	expect(redact(text).match(/<redacted>/g)?.length).toBeGreaterThanOrEqual(200);
	for (const line of text.split("\n")) redact(line);
	expect(performance.now() - started).toBeLessThan(1500);
});
