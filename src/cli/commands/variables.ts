import process from "node:process";
import { problem, UserError } from "../../errors.ts";
import type { Value } from "../../manifest/deployment.ts";
import { formatYaml } from "../../manifest/format.ts";
import { type Command, text } from "../command.ts";
import { LOGIN_VARIABLE } from "../session/login.ts";
import { chosenDeployment, deploymentOption, openKey } from "../session/store.ts";
import { readSealed } from "../session/variables.ts";
import { withStore } from "../session/with-store.ts";

export const command: Command = {
	arguments: "",
	options: [
		deploymentOption,
		{ flags: "--show <name>", about: "print the value of one variable, or of a part of it: NAME.certificate" },
	],
	run: async (_, options, context) => {
		return withStore(context, async (store) => {
			const deployment = await chosenDeployment(store, options, context.env);
			const stored = (await store.variables(deployment)).filter(({ name }) => name !== LOGIN_VARIABLE);
			const wanted = text(options, "show");
			if (wanted === undefined) {
				const rows = stored.map(({ name, type, version, createdAt }) => ({
					name,
					type,
					version,
					created: new Date(createdAt).toISOString(),
				}));
				context.emit({ type: "table", name: "variables", columns: ["name", "type", "version", "created"], rows });
				return 0;
			}
			const found = stored.find(({ name }) => wanted === name || wanted.startsWith(`${name}.`));
			if (!found)
				throw new UserError(
					problem("no-variable", `there is no variable "${wanted}"`, {
						hint: `there are: ${stored.map(({ name }) => name).join(", ")}`,
					}),
				);
			const value = readSealed(found, deployment, await openKey(context, store));
			const part =
				wanted === found.name ? value : (value as Record<string, Value>)[wanted.slice(found.name.length + 1)];
			// Asked for by name: the one place where a secret is written in clear, past the view that would hide it.
			process.stdout.write(typeof part === "string" ? `${part}\n` : formatYaml(part ?? null));
			return 0;
		});
	},
};
