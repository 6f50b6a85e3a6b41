import { problem, UserError } from "../../errors.ts";
import { jsonSchema, type SchemaName, schemas } from "../../manifest/json-schema.ts";
import { listed } from "../../manifest/nearest.ts";
import { planReportSchema } from "../../plan/report-schema.ts";
import type { Command } from "../command.ts";

const PLAN = "plan";

export const command: Command = {
	arguments: "[name]",
	options: [],
	help: `Prints the JSON Schema of a deployment manifest (deployment, the default), a cloud file (cloud), a runtime config (runtime) or a
resurrection config (resurrection), or of what davit plan --json prints (plan).
In an editor with the YAML language server, write it to a file and name that in the manifest's first line:
# yaml-language-server: $schema=deployment.schema.json`,
	run: async ([name = "deployment"], _options, context) => {
		if (name !== PLAN && !isName(name)) {
			const hint = `there are ${listed([...Object.keys(schemas), PLAN])}`;
			throw new UserError(problem("no-schema", `there is no schema "${String(name)}"`, { hint }), { exitCode: 64 });
		}
		const schema = name === PLAN ? planReportSchema() : jsonSchema(name);
		context.emit({ type: "output", text: `${JSON.stringify(schema, undefined, 2)}\n` });
		return 0;
	},
};

function isName(name: unknown): name is SchemaName {
	return typeof name === "string" && Object.hasOwn(schemas, name);
}
