import { problem, UserError } from "../../errors.ts";
import type { Value } from "../../manifest/deployment.ts";
import { interpolateManifest } from "../../manifest/interpolate-manifest.ts";
import { configDiff } from "../../plan/config-diff.ts";
import { type CliContext, type Command, type Options, text } from "../command.ts";
import { readText } from "../session/inputs.ts";
import { openPart } from "../session/recorded-parts.ts";
import { chosenDeployment, deploymentOption, openKey } from "../session/store.ts";
import { withStore } from "../session/with-store.ts";

const IDS = ["manifest", "cloud"] as const;
type Id = (typeof IDS)[number];

export const command: Command = {
	arguments: "",
	options: [
		deploymentOption,
		{ flags: "--from-id <id>", about: "what the last finished deploy was made from: manifest or cloud" },
		{ flags: "--from-content <file>", about: "a manifest, cloud file or runtime config" },
		{ flags: "--to-id <id>", about: "the same as --from-id, for the other side" },
		{ flags: "--to-content <file>", about: "the same as --from-content, for the other side" },
	],
	help: `Shows how two configs differ, as BOSH shows it: + is new, - is gone, what has another value is both, and the keys above stand without a sign. davit
has no director that keeps configs by number: --from-id manifest and --from-id cloud are what it has recorded of the deployment, with all ops files,
variables and runtime configs in it. Files are compared as they are written. What is named like a secret is (hidden).`,
	run: async (_, options, context) => {
		const sides = (["from", "to"] as const).map((side) => sideOf(side, options));
		const [from, to] = [await read(sides[0] as Side, options, context), await read(sides[1] as Side, options, context)];
		const lines = configDiff(from, to);
		if (context.json) {
			const rows = lines.map(({ change, text: line }) => ({ change: change ?? "", line }));
			context.emit({ type: "table", name: "diff", columns: ["change", "line"], rows });
			return 0;
		}
		const signs = { added: "+ ", removed: "- " } as const;
		const shown = lines.map(({ change, text: line }) => `${change ? signs[change] : "  "}${line}\n`);
		context.emit({ type: "output", text: shown.join("") });
		return 0;
	},
};

type Side = { readonly id: Id } | { readonly file: string };

/** Throws a UserError unless exactly one of the two options is given. */
function sideOf(side: "from" | "to", options: Options): Side {
	const [id, file] = [text(options, `${side}Id`), text(options, `${side}Content`)];
	const wrong = (message: string, hint: string) =>
		new UserError(problem("bad-option", message, { hint }), { exitCode: 64 });
	if ((id === undefined) === (file === undefined))
		throw wrong(
			`give either --${side}-id or --${side}-content`,
			"as in davit diff-config --from-id cloud --to-content cloud.yml",
		);
	if (file !== undefined) return { file };
	const known = IDS.find((each) => each === id);
	if (known) return { id: known };
	throw wrong(`--${side}-id ${id}: davit has recorded no such config`, `there are: ${IDS.join(", ")}`);
}

async function read(side: Side, options: Options, context: CliContext): Promise<Value> {
	if ("file" in side) {
		const { value, problems } = interpolateManifest({ manifest: await readText(side.file, context, "config") });
		if (problems.length > 0) throw new UserError(problems);
		return value;
	}
	return withStore(context, async (store) => {
		const name = await chosenDeployment(store, options, context.env);
		const { deployment } = await store.read(name);
		if (deployment?.deployedAt === undefined)
			throw new UserError(
				problem("never-deployed", `no deploy of "${name}" has finished yet: nothing is recorded to compare with`, {
					hint: "compare two files: --from-content FILE --to-content FILE",
				}),
			);
		return openPart(side.id, deployment[side.id], { deployment: name, key: await openKey(context, store) });
	});
}
