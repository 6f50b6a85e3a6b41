import { writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { kpaasMinMissing, recipeArguments, recipes } from "../test/support/kpaas-min.ts";
import { findOnPath } from "../test/support/on-path.ts";
import { command } from "./command.ts";
import { compare, type Row } from "./compare.ts";
import { bigManifest } from "./manifest.ts";

const parseAndPrint = `const { parse, stringify } = require(${JSON.stringify(createRequire(import.meta.url).resolve("yaml"))});
stringify(parse(require("node:fs").readFileSync("big.yml", "utf8")));`;

/** A manifest of 10,000 instances, with a variable in each group. */
export async function interpolation(davit: string, folder: string): Promise<readonly Row[]> {
	const manifest = bigManifest({ groups: 2_000, instances: 5 });
	await writeFile(join(folder, "big.yml"), manifest);
	const what = `\`davit int\` of ${(manifest.length / 1e6).toFixed(1)} MB: 2,000 groups with a variable each`;
	const run = (tool: string) => () => command([tool, "int", "big.yml", "-v", "greeting=hello"], folder);
	const bosh = findOnPath("bosh");
	const [recipe] = recipes;
	const recipeRows =
		kpaasMinMissing === undefined && recipe
			? [
					await compare({
						what: "`davit int` of the 4-VM platform's published manifest (90 KB, 5 ops files, 2 vars files)",
						davit: () => command([davit, "int", ...recipeArguments(recipe)], folder),
						peer: "`bosh int` of the same",
						runPeer: bosh === undefined ? undefined : () => command([bosh, "int", ...recipeArguments(recipe)], folder),
					}),
				]
			: [];
	return [
		...recipeRows,
		await compare({
			what,
			davit: run(davit),
			peer: "`bosh int` of the same",
			runPeer: bosh === undefined ? undefined : run(bosh),
		}),
		await compare({
			what,
			davit: run(davit),
			peer: "the `yaml` package parses and prints it, nothing more",
			runPeer: () => command(["node", "-e", parseAndPrint], folder),
		}),
	];
}
