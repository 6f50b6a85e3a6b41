import { z } from "zod";
import type { VariableDefinition } from "./deployment.ts";
import { optional, section, text, valueMap } from "./section.ts";

/** A variable that davit generates. Its options are checked by the generator of its type. */
export const variable = section(
	{
		name: text,
		type: z.enum(["password", "certificate", "rsa", "ssh"]),
		options: optional(valueMap),
		update_mode: optional(z.enum(["no-overwrite", "overwrite", "converge"])),
	},
	{
		notYet: {
			update: "a variable changes on deploy, as by strategy: on-deploy",
			consumes: "write the alternative names under options",
		},
	},
);

/** `converge_variables` decides for variables that don't say it themselves. */
export function definitionOf(given: z.output<typeof variable>, converge: boolean): VariableDefinition {
	const updateMode = given.update_mode ?? (converge ? "converge" : "no-overwrite");
	return { name: given.name, type: given.type, options: given.options ?? {}, updateMode };
}
