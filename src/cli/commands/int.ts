import { resolve } from "node:path";
import { UserError } from "../../errors.ts";
import { interpolateManifest, type ManifestTexts, printInterpolated } from "../../manifest/interpolate-manifest.ts";
import { type CliContext, type Command, text } from "../command.ts";
import { manifestOptions, readInputs } from "../session/inputs.ts";

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
		// A question changes nothing.
		const filled = storePath === undefined ? undefined : await withStore(texts, storePath, why === undefined, context);
		const interpolated = filled?.interpolated ?? interpolateManifest(texts);
		for (const problem of interpolated.warnings) context.emit({ type: "problem", problem });
		if (interpolated.problems.length > 0) throw new UserError(interpolated.problems);
		if (why !== undefined) {
			const [{ explainValue }, { tellWhy }] = [
				await import("../../manifest/explain.ts"),
				await import("../session/why.ts"),
			];
			tellWhy(explainValue(why, { texts: inputs, interpolated, hidden: filled?.names ?? new Set() }), context);
		} else {
			const printed = printInterpolated(interpolated, text(options, "path"));
			await filled?.save();
			context.emit({ type: "output", text: printed });
		}
		return 0;
	},
};

/** Schemas, keys and certificates load only where there is a store: plain `int` starts in a fraction of the time. */
async function withStore(texts: ManifestTexts, file: string, make: boolean, context: CliContext) {
	const { readStore } = await import("../../variables/store-file.ts");
	const { interpolateWithStore } = await import("../session/vars-store.ts");
	return interpolateWithStore(texts, await readStore(resolve(context.cwd, file), file), context, { make });
}
