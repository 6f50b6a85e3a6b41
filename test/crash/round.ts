import process from "node:process";
import type { DavitEvent } from "../../src/events.ts";
import type { World } from "../support/acceptance.ts";
import { firstProcess, readState } from "../support/acceptance-state.ts";
import type { Case } from "./cases.ts";
import { check, putData } from "./checks.ts";
import { type Wanted, writePlatform } from "./platform.ts";
import type { Side, Tally } from "./tally.ts";

/** What a lane knows from one round to the next. */
export interface Lane {
	readonly world: World;
	readonly random: () => number;
	readonly tally: Tally;
	/** Kinds of steps that were seen in a case. */
	readonly seen: Map<string, Set<string>>;
	now: Wanted | undefined;
	data: string;
}

/** At most so many kills in one round. */
const MOST_KILLS = 4;

/** One case: begun, killed once or more, brought to its end by the same command, and looked at. */
export async function round(lane: Lane, chosen: Case): Promise<void> {
	const { world, random } = lane;
	const after = chosen.change(lane.now as Wanted);
	if (after) writePlatform(world, after);
	if (chosen.losesVm) loseVm(world, random);
	const kills = 1 + Math.floor(random() * MOST_KILLS);
	for (let kill = 0; kill < kills; kill += 1) if (await killed(lane, chosen)) break;
	await finish(world, chosen);
	const isNew = lane.now === undefined;
	lane.now = after;
	if (after && isNew) {
		lane.data = `data-${Math.floor(random() * 1e9)}`;
		await putData(world, lane.data);
	}
	await check(world, after, lane.data);
	lane.tally.round(chosen.name);
}

/** Runs the command and kills it. True if it had come to its end before. */
async function killed({ world, random, tally, seen }: Lane, chosen: Case): Promise<boolean> {
	const kinds = seen.get(chosen.name) ?? new Set(chosen.covers);
	seen.set(chosen.name, kinds);
	const running = world.start(chosen.args);
	const { kind, side } = target([...kinds], tally, random);
	let last = "before the first step";
	const isIt = (event: DavitEvent) => {
		if (event.type === "step-started") {
			kinds.add(event.kind);
			last = event.kind;
		}
		return (
			(side === "begin" && event.type === "step-started" && event.kind === kind) ||
			(side === "end" && event.type === "step-finished" && event.kind === kind)
		);
	};
	const wait = side === "moment" ? after(random() * 4_000) : after(120_000);
	const told = running.until(isIt).then(
		() => true,
		() => false,
	);
	const hit = await Promise.race([told, wait.then(() => side === "moment")]);
	running.signal("SIGKILL");
	const { code } = await running.ended;
	if (code !== undefined) return true;
	if (hit) tally.kill(side === "moment" ? last.replaceAll(" ", "-") : kind, side);
	return false;
}

/** The place that was hit least so far; any moment now and then. */
function target(kinds: readonly string[], tally: Tally, random: () => number): { kind: string; side: Side } {
	if (random() < 0.25) return { kind: "", side: "moment" };
	const places = kinds.flatMap((kind) => (["begin", "end"] as const).map((side) => ({ kind, side })));
	const hits = places.map((place) => ({ ...place, hits: tally.kills(place.kind, place.side), tie: random() }));
	hits.sort((a, b) => a.hits - b.hits || a.tie - b.tie);
	return hits[0] ?? { kind: "", side: "moment" };
}

async function finish(world: World, { args, name }: Case): Promise<void> {
	const { code, stderr } = await world.davit(args);
	// What was to be deleted may be gone, record and all, by the time of the kill.
	if (code === 0 || (name === "delete" && stderr.includes("no deployment"))) return;
	throw new Error(`${name} does not come to its end: exit code ${code}\n${stderr}`);
}

function loseVm(world: World, random: () => number): void {
	const vms = readState(world.home).instances.flatMap(({ vm }) => vm?.cid ?? []);
	const cid = vms[Math.floor(random() * vms.length)];
	if (cid !== undefined) process.kill(firstProcess(world.home, cid), "SIGKILL");
}

function after(ms: number): Promise<void> {
	return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
