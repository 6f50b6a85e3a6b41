import { type Case, cases } from "../crash/cases.ts";
import type { Wanted } from "../crash/platform.ts";
import { loseVm, parse } from "./case-commands.ts";
import { Chance } from "./chance.ts";
import { check, checkCanary, putData, STRAY, spareCids } from "./checks.ts";
import { type Ended, SimulatedWorld } from "./world.ts";

export interface Exploration {
	readonly seed: number;
	/** Changes one after the other. */
	readonly rounds: number;
	readonly hits?: Map<string, number>;
	/** Told of each command as it ends. */
	readonly onEnd?: (name: string, ended: Ended, seconds: number) => void;
}

const STEPS = [...new Set(cases.flatMap(({ covers }) => covers))];
/** What was begun, and how it ended, in order. */
function stepsOf({ events }: Ended): readonly string[] {
	const lines = events.flatMap((event) => {
		if (event.type === "step-started") return [`> ${event.kind} ${event.instance ?? ""}`];
		if (event.type === "step-finished") return [`< ${event.id}`];
		return event.type === "step-failed" ? [`! ${event.id}`] : [];
	});
	return lines.length === 0 ? [] : [`    ${lines.join(" ")}`];
}

/** Tries of a command while things go wrong; the last ones are in peace. */
const TRIES = 8;

/** A deployment's life, by seed: each change meets faults, is told again until it is done, and must leave everything in order. Throws with what is not. */
export async function explore({ seed, rounds, hits, onEnd }: Exploration): Promise<void> {
	const world = new SimulatedWorld({ seed, ...(hits ? { hits } : {}) });
	const choices = new Chance(seed + 1);
	let now: Wanted | undefined;
	const told: string[] = [];
	try {
		for (let round = 0; round < rounds; round += 1) {
			const chosen = choices.one(cases.filter(({ fits }) => fits(now)));
			const after = chosen.change(now as Wanted);
			if (after) world.want(after);
			if (chosen.losesVm) loseVm(world, choices);
			world.goWrong(choices.one([0.01, 0.03, 0.1]), choices.number(1, 6), choices.one(STEPS));
			await finish(world, chosen, told, onEnd);
			world.faults.end();
			if (after && !now) putData(world, `data of ${seed}`);
			now = after;
			// What restarts has come up again by then.
			world.time.pass(120_000);
			await check(world, now, `data of ${seed}`);
		}
	} catch (error) {
		throw new Error(`seed ${seed}: ${(error as Error).message}\n${told.join("\n")}`, { cause: error });
	} finally {
		world.close();
	}
}

async function finish(
	world: SimulatedWorld,
	{ args, name }: Case,
	told: string[],
	onEnd: Exploration["onEnd"],
): Promise<void> {
	const { command, words, options } = parse(args);
	const sleepers: Ended[] = [];
	for (let attempt = 1; ; attempt += 1) {
		if (attempt > TRIES / 2) world.faults.end();
		// People look at an error before they try again.
		if (attempt > 1) world.time.pass(world.chance.number(0, 60_000));
		const begin = world.time.now;
		const spares = await spareCids(world);
		const fixes = command === "deploy" && attempt > 1 ? { fix: true } : {};
		const ended = await world.davit(command, words, { ...options, ...fixes });
		const from = (begin - world.time.begin) / 1_000;
		told.push(`${from} s: ${name}, try ${attempt}: ${ended.code} ${ended.text}`, ...stepsOf(ended));
		if (command === "deploy") checkCanary(ended.events);
		const expected = new Set([...spares, ...world.cloud.halfMade]);
		const strays = ended.events.some(
			(event) =>
				event.type === "step-started" &&
				event.kind === "delete-orphan-vm" &&
				!expected.has(event.id.replace("delete-orphan-vm ", "")),
		);
		if (strays && !world.slept && !world.cloud.wasStale) throw new Error("a VM that was made was not taken over");
		onEnd?.(name, ended, (world.time.now - begin) / 1_000);
		if (ended.code === "suspended") sleepers.push(ended);
		world.slept ||= ended.code === "suspended";
		if (!world.slept && ended.text.includes(STRAY)) throw new Error("a disk was lost, and nobody had slept");
		if (ended.code === 0 || (name === "delete" && ended.text.includes("no-deployment"))) break;
		if (attempt >= TRIES) throw new Error(`${name} does not come to its end`);
	}
	world.faults.end();
	for (const { wake } of sleepers) {
		const late = await wake?.();
		told.push(`${name}, woken: ${late?.code} ${late?.text}`);
		if (late?.code === 0) throw new Error("a davit that slept past its lease went on");
	}
}
