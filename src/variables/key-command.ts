import { execFile } from "node:child_process";
import { problem, UserError } from "../errors.ts";

/** Time enough to type a passphrase. */
const timeoutMs = 120_000;

/** The shell's exit codes for what can't be run, and for what is not there. */
const NO_COMMAND: readonly unknown[] = [126, 127];

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
				// What the shell says of a command that there is none of shows it, and it may be a key in the wrong place.
				const last = NO_COMMAND.includes(error.code) ? "there is no such command" : stderr.trim().split("\n").at(-1);
				reject(
					new UserError(
						problem("key-command-failed", `the command in DAVIT_KEY_COMMAND ${how}${last ? `: ${last}` : ""}`, {
							hint: 'see what it says by hand: sh -c "$DAVIT_KEY_COMMAND"',
						}),
					),
				);
			},
		);
		// What asks for a passphrase does so on the terminal; what reads standard input would wait for ever.
		child.stdin?.end();
	});
}
