import { spawn } from "node:child_process";
import type { Call } from "../../src/cpi/call.ts";
import { localError } from "./errors.ts";

/** All that programs of ours see of davit's environment: it may hold secrets. */
export const CLEAN_ENV: NodeJS.ProcessEnv = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LANG: "C.UTF-8" };

export interface Finished {
	readonly code: number | null;
	readonly output: string;
}

/** Runs a program to its end; `output` is both of its streams. An abort kills it. */
export async function run(call: Call, [command = "", ...args]: readonly string[]): Promise<Finished> {
	call.check();
	const child = spawn(command, args, { env: CLEAN_ENV, stdio: ["ignore", "pipe", "pipe"], signal: call.signal });
	let output = "";
	for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (output += text));
	const code = await new Promise<number | null>((resolve, reject) => {
		child.on("error", reject);
		child.on("close", resolve);
	});
	call.check();
	return { code, output: output.trim() };
}

/** Runs a program that has to succeed. */
export async function must(call: Call, argv: readonly string[]): Promise<void> {
	const { code, output } = await run(call, argv);
	if (code !== 0)
		throw localError("unavailable", call.operation, `${argv[0]} failed with ${code}: ${output}`, { retryable: false });
}
