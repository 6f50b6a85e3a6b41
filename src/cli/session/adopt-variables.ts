import { problem, UserError } from "../../errors.ts";
import type { Value, VariableDefinition } from "../../manifest/deployment.ts";
import type { Options } from "../command.ts";

export const newVariablesOption = {
	flags: "--new-variables",
	about: "accept that variables whose values were lost get new ones",
} as const;

/** Names of the variables whose values were in the lost store alone. */
export function lostVariables(
	definitions: readonly VariableDefinition[],
	imported: ReadonlyMap<string, Value> | undefined,
): readonly string[] {
	return definitions.flatMap(({ name }) => (imported?.has(name) ? [] : [name]));
}

/** New passwords don't open what was made with the old ones: nobody gets them in passing. */
export function refuseLostVariables(lost: readonly string[], options: Options): void {
	if (lost.length === 0 || options.newVariables === true) return;
	const list = lost.map((name) => `\n  ${name}`).join("");
	throw new UserError(
		problem(
			"variables-lost",
			`the values of these variables were in the lost state store, and no --vars-store has them:${list}`,
			{
				hint: "write them into a file (NAME: value) and give it with --vars-store; jobs' files on the VMs below /var/vcap/jobs hold what was used. Or accept new ones with --new-variables: the next deploy restarts the jobs that use them, and what the old ones protect, such as a database's password, may have to be changed by hand",
			},
		),
		{ exitCode: 4 },
	);
}
