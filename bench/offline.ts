import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findOnPath } from "../test/support/on-path.ts";
import { command, peakMemory } from "./command.ts";
import { compare, comparePeaks, type Row } from "./compare.ts";
import { bigManifest, bigManifestsCloud } from "./manifest.ts";

/** Plans of 10,000 instances as a user makes them: the whole command, from its start to the last byte that it prints. */
export async function offline(davit: string, folder: string): Promise<readonly Row[]> {
	const terraform = findOnPath("terraform");
	const resources = join(folder, "resources");
	await mkdir(resources);
	await writeFile(
		join(resources, "main.tf"),
		'resource "terraform_data" "one" {\n  count = 10000\n  input = "hello"\n}\n',
	);
	const quiet = { CHECKPOINT_DISABLE: "1" };
	if (terraform !== undefined) await command([terraform, "init"], resources, quiet);
	await writeFile(join(folder, "cloud.yml"), bigManifestsCloud);
	const rows: Row[] = [];
	for (const [groups, instances] of [
		[1, 10_000],
		[2_000, 5],
	] as const) {
		const file = `${groups}.yml`;
		await writeFile(join(folder, file), bigManifest({ groups, instances }).replaceAll("((greeting))", "hello"));
		const plan = [davit, "plan", file, "--cloud", "cloud.yml", "--offline", "--json"];
		const ofPeer = terraform === undefined ? undefined : [terraform, "plan", "-json"];
		const what = `\`davit plan --offline --json\`: ${groups.toLocaleString("en")} group${groups === 1 ? "" : "s"} of ${instances.toLocaleString("en")}`;
		const peer = "`terraform plan` of 10,000 `terraform_data`";
		const common = { what, peer, rounds: 3 };
		rows.push(
			await compare({
				...common,
				davit: () => command(plan, folder),
				runPeer: ofPeer && (() => command(ofPeer, resources, quiet)),
			}),
			await comparePeaks({
				...common,
				davit: () => peakMemory(plan, folder),
				runPeer: ofPeer && (() => peakMemory(ofPeer, resources, quiet)),
			}),
		);
	}
	return rows;
}
