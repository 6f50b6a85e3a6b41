import { execFile } from "node:child_process";
import { problem, UserError } from "../errors.ts";

/** Time enough to type a passphrase. */
const timeoutMs = 120_000;

/** What the shell command prints on standard output. Throws a UserError with its exit code and last words. */
export async function runKeyCommand(command: string): Promise<string> {
	return await new Promise((resolve, reject) => {
		const child = execFile(
			"/bin/sh",
			["-c", command],
			{ timeout: timeoutMs, encoding: "utf8" },
			(error, stdout, stderr) => {
				if (!error) return resolve(stdout);
				const how = error.killed ? `gave no answer in ${timeoutMs / 1000} s` : `failed with exit code ${error.code}`;
				const last = stderr.trim().split("\n").at(-1);
				reject(
					new UserError(
						problem("key-command-failed", `the command in DAVIT_KEY_COMMAND ${how}${last ? `: ${last}` : ""}`, {
							hint: `run it by hand: ${command}`,
						}),
					),
				);
			},
		);
		// What asks for a passphrase does so on the terminal; what reads standard input would wait for ever.
		child.stdin?.end();
	});
}
