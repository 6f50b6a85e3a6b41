import { PassThrough } from "node:stream";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createLiveView } from "../../../../src/cli/view/live.ts";
import type { DavitEvent } from "../../../../src/events.ts";
import { screenOf } from "../../../support/screen.ts";

/** A view on a terminal of 40 columns whose standard output is the same terminal. */
function open() {
	const err = Object.assign(new PassThrough(), { isTTY: true, columns: 40, rows: 24 });
	let written = "";
	err.setEncoding("utf8").on("data", (text: string) => {
		written += text.replaceAll("\n", "\r\n");
	});
	const view = createLiveView({ out: err, err }, Date.now);
	const emit = (...events: readonly DavitEvent[]) => events.forEach(view.emit);
	return { emit, close: () => view.close(), screen: () => screenOf(written).join("\n"), raw: () => written };
}

const started = (id: string, title = `Creating the VM of ${id}`): DavitEvent => ({
	type: "step-started",
	id,
	kind: "create-vm",
	title,
});
const ended = (type: "step-finished" | "step-failed", id: string): DavitEvent => ({
	...{ id, kind: "create-vm", title: `Creating the VM of ${id}`, durationMs: 1200 },
	...(type === "step-failed" ? { type, problems: [] } : { type }),
});
const note = (text: string): DavitEvent => ({ type: "note", text });
const plan: DavitEvent = { type: "plan", deployment: "min", steps: 9, changes: ["create web/0 (new)"] };
/** A moment later, what is drawn ten times a second has been drawn. */
const pass = (ms = 100) => vi.advanceTimersByTimeAsync(ms);

describe("the live view", () => {
	beforeEach(() => void vi.useFakeTimers({ now: 0, toFake: ["setInterval", "clearInterval", "Date"] }));
	afterEach(() => void vi.useRealTimers());

	test("what has ended scrolls by, what runs stands below it with the time it has taken so far", async () => {
		const { emit, screen, close } = open();
		emit(plan, started("web/0"), started("db/0"), ended("step-finished", "web/0"));
		emit({ type: "step-progress", id: "db/0", text: "waiting for SSH" });
		await pass(2000);
		expect(screen()).toBe(`min: 9 steps
  create web/0 (new)
✓ Creating the VM of web/0 (1.2 s)
⠋ 1 of 9 steps done
  Creating the VM of db/0 2.0 s  waiti…`);
		await close();
	});

	test("a summary, an error and a table stay when it is closed, and the window goes", async () => {
		const { emit, screen, raw, close } = open();
		emit(plan, started("web/0"));
		await pass();
		emit(ended("step-failed", "web/0"), { type: "table", name: "t", columns: ["a"], rows: [{ a: 1 }] });
		await pass();
		emit({ type: "problem", problem: { severity: "error", code: "no", message: "no room", hint: "make some" } });
		await pass();
		emit(note("min: failed"));
		await close();
		const shown = screen();
		await pass(1000);
		expect(screen()).toBe(shown);
		expect(shown).toBe(`min: 9 steps
  create web/0 (new)
✗ Creating the VM of web/0 (1.2 s)
a
1
error: no room
  → make some
min: failed`);
		expect(raw(), "the cursor is never hidden").not.toContain("\x1b[?25");
	});

	test("more than eight are counted; what a VM says can't break a line, however wide its letters are", async () => {
		const { emit, screen, close } = open();
		for (let index = 0; index < 20; index += 1)
			emit(started(`web/${index}`, index === 0 ? "가".repeat(30) : undefined));
		emit({ type: "step-progress", id: "web/1", text: "\x1b[2J\n\tcc" });
		await pass();
		const lines = screen().split("\n");
		expect(lines).toHaveLength(10);
		expect(lines.slice(0, 3)).toEqual([
			"⠙ 0 steps done",
			`  ${"가".repeat(18)}…`,
			"  Creating the VM of web/1 0.1 s   [2J…",
		]);
		expect(lines.at(-1)).toBe("  and 12 more");
		await close();
	});
});
