import { join } from "node:path";
import { expect } from "vitest";
import { formatProblem } from "../../src/cli/view/problems.ts";
import type { RunOptions, World } from "./acceptance.ts";
import { golden } from "./acceptance-golden.ts";

export interface Expected {
	/** The design's exit code; 1 if it is left out. */
	readonly code?: number;
	/** Makes what differs from run to run the same. */
	readonly same?: (text: string) => string;
	readonly options?: RunOptions;
}

const FOLDER = join(import.meta.dirname, "../acceptance/golden/bad-input");

/** A command that fails: its exit code, nothing on standard output, and on standard error the whole of a golden file. */
export async function expectFailure(
	world: World,
	args: readonly string[],
	name: string,
	{ code = 1, same = (text) => text, options }: Expected = {},
): Promise<void> {
	const outcome = await world.davit(args, options);
	const message = golden(same(outcome.stderr), world.folder);
	expect({ code: outcome.code, stdout: outcome.stdout }, outcome.stderr).toEqual({ code, stdout: "" });
	await expect(message).toMatchFileSnapshot(goldenFile(name));
}

/** The same failure told to a program: its problem events, as people would read them, are the same golden file. */
export async function expectFailureEvents(
	world: World,
	args: readonly string[],
	name: string,
	{ code = 1, same = (text) => text, options }: Expected = {},
): Promise<void> {
	const outcome = await world.told(args, options);
	const problems = outcome.events.flatMap((event) => (event.type === "problem" ? [event.problem] : []));
	const message = golden(same(`${problems.map(formatProblem).join("\n")}\n`), world.folder);
	expect({ code: outcome.code, stderr: outcome.stderr }).toEqual({ code, stderr: "" });
	await expect(message).toMatchFileSnapshot(goldenFile(name));
}

function goldenFile(name: string): string {
	return join(FOLDER, `${name.replaceAll(/[^\w]+/g, "-")}.golden`);
}
