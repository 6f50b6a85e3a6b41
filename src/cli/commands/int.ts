import { resolve } from "node:path";
import { UserError } from "../../errors.ts";
import { explainValue } from "../../manifest/explain.ts";
import { interpolateManifest, printInterpolated } from "../../manifest/interpolate-manifest.ts";
import { readStore } from "../../variables/store-file.ts";
import { type Command, text } from "../command.ts";
import { manifestOptions, readInputs } from "../session/inputs.ts";
import { interpolateWithStore } from "../session/vars-store.ts";
import { tellWhy } from "../session/why.ts";

export const command: Command = {
	arguments: "<manifest>",
	options: [
		...manifestOptions,
		{ flags: "--path <path>", about: "print only what is at this path, such as /instance_groups/0/name" },
		{ flags: "--why <path>", about: "tell which file, operation or variable gave the value at this path" },
		{ flags: "--vars-store <file>", about: "take missing values from this file, and keep there what is generated" },
		{ flags: "--var-errs", about: "fail if a variable has no value" },
		{ flags: "--var-errs-unused", about: "fail if a given value is not used" },
	],
	help: "Variables without a value stay as they are. Precedence: --vars-env, -l, --var-file, -v; the later counts, and --vars-store is asked last.",
	run: async ([manifest], options, context) => {
		const inputs = await readInputs(String(manifest), options, context);
		const texts = { ...inputs, varErrs: options.varErrs === true, varErrsUnused: options.varErrsUnused === true };
		const [storePath, why] = [text(options, "varsStore"), text(options, "why")];
		const { interpolated, names, save } =
			storePath === undefined
				? { interpolated: interpolateManifest(texts), names: new Set<string>(), save: async () => {} }
				: await interpolateWithStore(texts, await readStore(resolve(context.cwd, storePath), storePath), context, {
						// A question changes nothing.
						make: why === undefined,
					});
		for (const problem of interpolated.warnings) context.emit({ type: "problem", problem });
		if (interpolated.problems.length > 0) throw new UserError(interpolated.problems);
		if (why !== undefined) tellWhy(explainValue(why, { texts: inputs, interpolated, hidden: names }), context);
		else {
			const printed = printInterpolated(interpolated, text(options, "path"));
			await save();
			context.emit({ type: "output", text: printed });
		}
		return 0;
	},
};
