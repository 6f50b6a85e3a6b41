import { problem, UserError } from "../../errors.ts";
import type { CliContext, Command } from "../command.ts";
import { rekeyState } from "../session/rekey.ts";
import { backupState, exportState, importState } from "../session/state-files.ts";

const VERBS: Readonly<Record<string, (file: string, context: CliContext) => Promise<void>>> = {
	backup: backupState,
	export: exportState,
	import: importState,
	rekey: rekeyState,
};

export const command: Command = {
	arguments: "<verb> <file>",
	options: [],
	help: `davit state backup FILE   a copy of the state store as it is now, while others work with it
davit state export FILE   moves the store into one encrypted file, for a colleague or another machine; this one refuses from then on
davit state import FILE   goes on with such a file here; it takes the key that the store was made with
davit state rekey FILE    seals everything with the key in that file, which is made if there is none

The key is in none of these files: keep it elsewhere.`,
	run: async ([verb, file], _, context) => {
		const run = Object.hasOwn(VERBS, String(verb)) ? VERBS[String(verb)] : undefined;
		if (!run) {
			const hint = `write davit state ${Object.keys(VERBS).join(", or davit state ")}, with a file`;
			throw new UserError(problem("usage", `davit state ${String(verb)}: there is no such thing`, { hint }), {
				exitCode: 64,
			});
		}
		await run(String(file), context);
		return 0;
	},
};
