import { rename, rm, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import process from "node:process";
import type { CliContext } from "../command.ts";
import { localProblem } from "./local-problem.ts";

/** A file that is there whole or not at all, for its owner only: `write` fills an empty one beside it. */
export async function writeWhole(
	path: string,
	{ cwd }: Pick<CliContext, "cwd">,
	write: (beside: string) => Promise<void>,
): Promise<void> {
	const target = resolve(cwd, path);
	const beside = `${target}.${process.pid}.new`;
	try {
		await writeFile(beside, "", { mode: 0o600, flag: "wx" });
		await write(beside);
		await rename(beside, target);
	} catch (error) {
		await rm(beside, { force: true }).catch(() => {});
		throw localProblem(Object.assign(error as Error, { path: target }), target);
	}
}
