import process from "node:process";
import { tinyGroup, tinyManifest, writeTinyRelease } from "../support/tiny-release.ts";
import { SimulatedWorld } from "./world.ts";

/** Deploys so many instances with a disk each on a cloud with pages of that size; prints what `plan` says of them then, as JSON: with and without a refresh. */
const [instances, page] = process.argv.slice(2).map(Number);
const world = new SimulatedWorld({ seed: 1, ...(page === undefined ? {} : { page }) });
writeTinyRelease(world, "release", { jobs: { app: {} } });
const update = { canaries: 1, max_in_flight: 10, canary_watch_time: "1000-60000", update_watch_time: "1000-60000" };
const group = tinyGroup("app", "app", { instances, persistent_disk: 64 });
world.write("tiny.yml", tinyManifest([group], { update }));

async function told(command: string, options: Record<string, unknown>): Promise<string> {
	const { code, text, events } = await world.davit(command, ["tiny.yml"], options);
	if (code !== 0) throw new Error(text);
	return events.flatMap((event) => (event.type === "output" ? [event.text] : [])).join("");
}

await told("deploy", { nonInteractive: true });
const plans = [await told("plan", {}), await told("plan", { refresh: false })];
world.close();
process.stdout.write(JSON.stringify(plans));
process.exit();
