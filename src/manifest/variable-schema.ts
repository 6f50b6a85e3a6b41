import { z } from "zod";
import type { VariableDefinition } from "./deployment.ts";
import type { Report } from "./report.ts";
import { optional, section, text, valueMap } from "./section.ts";

/** A variable that davit generates. Its options are checked by the generator of its type. */
export const variable = section(
	{
		name: text.describe("The name, used as ((name)) and, of parts, ((name.ca))."),
		type: z
			.enum(["password", "certificate", "rsa", "ssh"])
			.describe(
				"What is generated: password: a text; certificate: ca, certificate, private_key; rsa and ssh: private_key, public_key.",
			),
		options: optional(valueMap).describe(
			"Of a password: length. Of a certificate: is_ca, ca, common_name, alternative_names, extended_key_usage, key_usage, duration (days), key_length, organization.",
		),
		update_mode: optional(z.enum(["no-overwrite", "overwrite", "converge"])).describe(
			"When an existing value is replaced: no-overwrite (default), converge (if its definition changed), overwrite (each deploy).",
		),
	},
	{
		notYet: {
			update: "a variable changes on deploy, as by strategy: on-deploy",
			consumes: "write the alternative names under options",
		},
	},
);

/** The definitions of the list `variables`. `converge` decides for those that don't say it themselves. */
export function definitionsOf(
	given: readonly z.output<typeof variable>[] | undefined,
	converge: boolean,
	{ source }: Report,
): readonly VariableDefinition[] {
	return (given ?? []).map(({ name, type, options = {}, update_mode }, index) => {
		const { path, ...place } = source.place(`/variables/${index}`);
		return { name, type, options, updateMode: update_mode ?? (converge ? "converge" : "no-overwrite"), place };
	});
}
