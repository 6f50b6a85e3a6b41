import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { and, assign, assignList, command, heredoc, or, pipe, quote, raw } from "../../../src/machine/shell.ts";

test("plain words stay readable, others are quoted", () => {
	expect(command("install", "-m", 644, "a file", "it's", raw('"$1"'), "")).toBe(
		`install -m 644 'a file' 'it'\\''s' "$1" ''`,
	);
	expect(and("a", or("b", pipe("c", "d")))).toBe("a && b || c | d");
	expect(assign("name", "$(x)")).toBe("name='$(x)'");
	expect(assignList("jobs", ["a", "b c"])).toBe("jobs=(a 'b c')");
	expect(assignList("jobs", [])).toBe("jobs=()");
});

test("a heredoc's end is never a line of its text", () => {
	expect(heredoc("cat", "a\nEND")).toBe("cat <<'END_'\na\nEND\nEND_");
	expect(execFileSync("bash", ["-c", heredoc("cat", "$HOME `x` \\\nEND\n")]).toString()).toBe("$HOME `x` \\\nEND\n");
});

test("bash reads back whatever was quoted", () => {
	const word = fc
		.string({ unit: "binary" })
		.filter((text) => !text.includes("\0") && text === Buffer.from(text).toString());
	fc.assert(
		fc.property(fc.array(word, { minLength: 1, maxLength: 20 }), (words) => {
			const printed = execFileSync("bash", ["-c", `printf '%s\\0' ${words.map(quote).join(" ")}`]).toString();
			expect(printed.split("\0").slice(0, -1)).toEqual(words);
		}),
		{ numRuns: 20 },
	);
});

test("a NUL byte is refused", () => {
	expect(() => quote("a\0b")).toThrow(RangeError);
});
