import { expect } from "vitest";
import type { World } from "./acceptance.ts";
import { startedKinds } from "./acceptance-golden.ts";

/** Runs an errand, which must go well: the instances that its result names, and the kinds of steps that it took. */
export async function runErrand(world: World, args: readonly string[]) {
	const { code, events, stderr } = await world.told(["run-errand", ...args]);
	expect(code, stderr).toBe(0);
	const rows = events.flatMap((event) => (event.type === "table" ? event.rows : []));
	return { on: rows.map(({ instance }) => instance).sort(), kinds: startedKinds(events) };
}
