import { UserError } from "../../errors.ts";
import { selectNode } from "../../manifest/find.ts";
import { formatNode } from "../../manifest/format.ts";
import { interpolateManifest } from "../../manifest/interpolate-manifest.ts";
import { type Command, text } from "../command.ts";
import { manifestOptions, readInputs } from "../session/inputs.ts";

export const command: Command = {
	arguments: "<manifest>",
	options: [
		...manifestOptions,
		{ flags: "--path <path>", about: "print only what is at this path, such as /instance_groups/0/name" },
		{ flags: "--var-errs", about: "fail if a variable has no value" },
		{ flags: "--var-errs-unused", about: "fail if a given value is not used" },
	],
	help: "Variables without a value stay as they are. Precedence: --vars-env, -l, --var-file, -v; the later counts.",
	run: async ([manifest], options, context) => {
		const inputs = await readInputs(String(manifest), options, context);
		const result = interpolateManifest({
			...inputs,
			varErrs: options.varErrs === true,
			varErrsUnused: options.varErrsUnused === true,
		});
		for (const problem of result.warnings) context.emit({ type: "problem", problem });
		if (result.problems.length > 0) throw new UserError(result.problems);
		const path = text(options, "path");
		const node = path === undefined ? result.node : selectNode(result.node, path);
		const single = node.kind === "scalar" && typeof node.value === "string" && path !== undefined;
		context.emit({ type: "output", text: single ? `${node.value}\n` : formatNode(node) });
		return 0;
	},
};
