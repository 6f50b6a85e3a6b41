import { expect, test } from "vitest";
import type { World } from "../support/acceptance.ts";
import { golden } from "../support/acceptance-golden.ts";
import { screenOf } from "../support/screen.ts";
import { onTerminal } from "../support/terminal.ts";

/** What a terminal shows of a deploy that was interrupted and of the next one, which was not. */
export function deployCases(at: () => World, shown: Readonly<Record<"interrupted" | "finished", string>>): void {
	const lastScreen = (text: string) => golden(screenOf(text).join("\n")).split("\n");

	test("it shows how far it is and what runs, with the time that takes", () => {
		expect(shown.interrupted).toMatch(/\S 1 of \d+ steps done\r\n {2}Creating the VM of web\/0 \d\.\d s\r\n/);
		expect(shown.interrupted, "the time goes on").toMatch(/Creating the VM of db\/0 (?!0\.0)\d/);
	});

	test("after Ctrl-C: what it was at and how to go on, and the terminal as it was", () => {
		const lines = lastScreen(shown.interrupted);
		expect(lines.slice(-4)).toEqual([
			"Stopping: what runs is brought to a safe point. Once more ends it at once.",
			expect.stringMatching(/^error: interrupted with \d+ of \d+ steps done; it was at: Creating the VM of /),
			"  → the same command goes on from here",
			"exit code 130",
		]);
		for (const text of Object.values(shown))
			expect(text.lastIndexOf("\x1b[?25h"), "the cursor is there").toBeGreaterThanOrEqual(
				text.lastIndexOf("\x1b[?25l"),
			);
	});

	test("in the end there are plain lines, as in a pipe, and the summary", () => {
		const lines = lastScreen(shown.finished);
		expect(lines.slice(0, 4)).toEqual([
			expect.stringMatching(/^tiny: \d+ steps$/),
			"  create web/0 (new)",
			"  create web/1 (new)",
			"  create db/0 (new)",
		]);
		expect(lines.slice(4, -2)).toEqual(lines.slice(4, -2).map(() => expect.stringMatching(/^✓ .* \(N s\)$/)));
		expect(lines.slice(4, -2)).toContain("✓ Running post-start on db/0 (N s)");
		expect(lines.slice(-2)).toEqual(["tiny: deployed in N s", "exit code 0"]);
	});

	test.each([{ NO_COLOR: "1" }, { TERM: "dumb" }])("with %o there is no escape code", async (env) => {
		await onTerminal(
			at(),
			"davit scp tiny.yml db/0:",
			async (terminal) => {
				const { code, rest } = await terminal.ended;
				expect({ code, rest: golden(rest) }).toEqual({ code: 0, rest: "✓ Copied 1 file (2 KiB) to db/0 (N s)\r\n" });
			},
			{ env },
		);
	});

	test("with --json each line is an object, on a terminal too", async () => {
		await onTerminal(at(), "davit scp --json tiny.yml all:; davit deploy --json tiny.yml", async (terminal) => {
			const { code, rest } = await terminal.ended;
			const events = rest
				.trimEnd()
				.split("\r\n")
				.map((line) => JSON.parse(line));
			expect(code).toBe(0);
			expect(events.filter(({ type }) => type === "step-finished")).toHaveLength(3);
			expect(events.at(-1)).toEqual({ type: "note", text: "tiny: nothing to do, all is as the manifest says" });
		});
	});
}
