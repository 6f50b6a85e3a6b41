import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { answers, batch } from "../../../../cpis/libvirt/virsh.ts";
import { onPath } from "../../../support/on-path.ts";

test("commands become one argument, with marks between", () => {
	expect(batch([["start", "it's"], ["list"]])).toBe(
		`'start' 'it'\\''s'; echo '\n@@davit@@\n'; echo --err '\n@@davit@@\n'; 'list'; echo '\n@@davit@@\n'; echo --err '\n@@davit@@\n'`,
	);
});

test("answers are told apart, and what failed from what did not", () => {
	const [out, err] = ["one\n@@davit@@\n\n@@davit@@\nthree\n@@davit@@\n", "error: \n@@davit@@\n"];
	const stderr = `${err}\nerror: failed to get domain 'x'\nerror: Domain not found\n${err}${err}`;
	expect(answers(out, stderr)).toEqual([
		{ out: "one" },
		{ out: "", error: "error: failed to get domain 'x'\nerror: Domain not found" },
		{ out: "three" },
	]);
	expect(answers("", "error: failed to connect to the hypervisor")).toEqual([]);
});

test.skipIf(!onPath("virsh"))("virsh reads any word as it was meant", () => {
	// Its command echo needs no daemon; what it ends with is the shell's business.
	const word = fc.string({ unit: "grapheme" }).filter((text) => /^[^\0]+$/.test(text) && text.trim() === text);
	fc.assert(
		fc.property(word, (text) => {
			const argument = batch([["echo", "--", text]]);
			const printed = execFileSync("virsh", ["--quiet", "--connect", "test:///default", argument], {
				env: { PATH: process.env.PATH, LC_ALL: "C.UTF-8" },
				encoding: "utf8",
				stdio: ["ignore", "pipe", "pipe"],
			});
			expect(printed.split("\n@@davit@@\n")[0]).toBe(text);
		}),
		{ numRuns: 20 },
	);
});
