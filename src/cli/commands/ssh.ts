import process from "node:process";
import { problem, UserError } from "../../errors.ts";
import { type Command, text, texts } from "../command.ts";
import { oneInstance } from "../session/one-instance.ts";
import { selectInstances, withDeployment } from "../session/recorded.ts";
import { collectEverywhere, runEverywhere } from "../session/remote-command.ts";
import { deploymentOption } from "../session/store.ts";
import { openTerminal } from "../session/terminal.ts";
import { splitAtDashes } from "../session/words.ts";

export const command: Command = {
	arguments: "[instance] [ssh-words...]",
	options: [
		deploymentOption,
		{ flags: "-c, --command <command>", about: "run this on all chosen instances at once, and open no terminal" },
		{ flags: "-L <port>", about: "without -c: forward a port, in OpenSSH's notation; repeatable", repeat: true },
		{ flags: "--results", about: "with -c: show outputs and exit codes in the end, in a table" },
	],
	help: `Without -c the system's OpenSSH opens a terminal on one instance; words after -- go to it. With -c the command runs by bash, as the login
user (who may sudo), on GROUP/INDEX, GROUP/ID, a whole GROUP, or all instances. Exit code 1 if it fails anywhere; without -c that of OpenSSH.

Examples: davit ssh database/0
          davit ssh database/0 -L 5432:localhost:5432
          davit ssh database/0 -- -D 1080 -N
          davit ssh router -c 'sudo /var/vcap/bosh/bin/monit summary'`,
	endsByInterrupt: true,
	run: async ([first, rest], options, context) => {
		const given = [first, ...((rest ?? []) as readonly string[])].filter((word) => typeof word === "string");
		const { before, after } = splitAtDashes(given, process.argv);
		const words = [...texts(options, "L").flatMap((port) => ["-L", port]), ...after];
		const [selector, ...more] = before;
		const line = text(options, "command");
		const wrong = misuse(more, words, line, options.results === true);
		if (wrong !== undefined)
			throw new UserError(problem("usage", wrong, { hint: "davit ssh --help" }), { exitCode: 64 });
		return withDeployment(options, context, async (deployment) => {
			if (line === undefined) {
				const what = "a terminal opens on";
				const hint = (example: string) => `name one, as in ${example}; or add -c COMMAND`;
				return openTerminal(oneInstance(deployment.records, selector, { what, hint }), words, deployment, context);
			}
			const chosen = selectInstances(deployment.records, selector);
			const run = options.results === true ? collectEverywhere : runEverywhere;
			return (await run(line, chosen, deployment, context)) ? 0 : 1;
		});
	},
};

function misuse(
	more: readonly string[],
	words: readonly string[],
	line: string | undefined,
	results: boolean,
): string | undefined {
	if (more.length > 0) return `ssh takes one instance or group; what is ${more.join(" ")}?`;
	if (line !== undefined && words.length > 0) return `with -c there is no OpenSSH that could take ${words.join(" ")}`;
	if (line === undefined && results) return "--results needs -c COMMAND";
	return undefined;
}
