import { expect } from "vitest";
import type { World } from "./acceptance.ts";

/** Starts davit and kills it as soon as a step of one of the kinds begins. The answer is that kind, or undefined if it ended before. */
export async function killAt(
	world: World,
	args: readonly string[],
	wanted: (kind: string) => boolean,
): Promise<string | undefined> {
	return (await cutAt(world, args, { wanted, signal: "SIGKILL" })).kind;
}

/** Runs a command again and again, killing it once in each kind of step that it tells of, until it gets through. */
export async function killInEachKind(world: World, args: readonly string[]): Promise<ReadonlySet<string>> {
	const killed = new Set<string>();
	for (;;) {
		const kind = await killAt(world, args, (candidate) => !killed.has(candidate));
		if (kind === undefined) return killed;
		killed.add(kind);
	}
}

/** The same with Ctrl-C. It has to end with exit code 130, unless it had got through by then. */
export async function interruptInEachKind(world: World, args: readonly string[]): Promise<ReadonlySet<string>> {
	const cut = new Set<string>();
	for (;;) {
		const { kind, code } = await cutAt(world, args, { wanted: (candidate) => !cut.has(candidate), signal: "SIGINT" });
		if (kind !== undefined) cut.add(kind);
		if (code === 0) return cut;
		expect(code, `interrupted in ${kind}`).toBe(130);
	}
}

async function cutAt(
	world: World,
	args: readonly string[],
	{ wanted, signal }: { readonly wanted: (kind: string) => boolean; readonly signal: "SIGKILL" | "SIGINT" },
): Promise<{ readonly kind: string | undefined; readonly code: number | undefined }> {
	const running = world.start(args, { group: signal === "SIGINT" });
	const event = await running.until((told) => told.type === "step-started" && wanted(told.kind)).catch(() => undefined);
	running.signal(signal);
	const { code, stderr } = await running.ended;
	if (event?.type === "step-started") return { kind: event.kind, code };
	// Its last step may have been done before it was cut short: what was to be deleted is gone then.
	const gone = running.events.some((told) => told.type === "problem" && told.problem.code === "no-deployment");
	expect(gone ? 0 : code, `${stderr}${JSON.stringify(running.events)}`).toBe(0);
	return { kind: undefined, code: 0 };
}
