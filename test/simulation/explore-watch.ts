import { FIRST, type Wanted } from "../crash/platform.ts";
import { Chance } from "./chance.ts";
import { check, putData } from "./checks.ts";
import type { SimulatedVm } from "./cloud.ts";
import type { Exploration } from "./explore.ts";
import { type Ended, SimulatedWorld } from "./world.ts";

/** What befalls VMs or their surroundings. `false`: no VM may get another one for it. */
const HARMS = {
	gone: true,
	frozen: true,
	off: false,
	"process-died": false,
	/** One VM is not seen by one look or two. */
	blink: false,
	"cut-all": false,
	"cut-half": false,
	"cloud-lies-of-all": false,
	"cloud-lies-of-one": false,
	"cloud-silent": false,
	/** Two VMs at once. */
	two: true,
	/** All of them. */
	"all-off": false,
	/** The same again and again. */
	again: false,
	/** One that an operator ignores. */
	ignored: false,
} as const;
type Harm = keyof typeof HARMS;

const WANTED: Wanted = { ...FIRST, web: 4 };
/** Looks of one watcher, and seconds between them. */
const [LOOKS, INTERVAL] = [24, 10];
/** Watchers, one after the other; the last ones are in peace. */
const WATCHERS = 8;
const MINUTE = 60_000;

/**
 * A deployment's life with a watcher, by seed: VMs fall ill while it watches, and it is killed now and then. In the end all VMs are well, with
 * their data; what was well all the time has its VM still. Throws with what is not so.
 */
export async function exploreWatch({ seed, rounds, hits, onEnd }: Exploration): Promise<void> {
	const world = new SimulatedWorld({ seed, ...(hits ? { hits } : {}) });
	const choices = new Chance(seed + 1);
	const told: string[] = [];
	try {
		world.want(WANTED);
		const first = await world.davit("deploy", ["tiny.yml"], { nonInteractive: true, cloud: ["cloud.yml"] });
		if (first.code !== 0) throw new Error(`the first deploy: ${first.text}`);
		putData(world, `data of ${seed}`);
		for (let round = 0; round < rounds; round += 1) {
			const harm = choices.one(Object.keys(HARMS) as Harm[]);
			const calm = choices.happens(0.5);
			if (!calm) world.goWrong(choices.one([0.01, 0.03]), choices.number(1, 6), "power-on");
			await one(world, harm, { calm, choices, told, onEnd });
			world.faults.end();
			world.time.pass(2 * MINUTE);
			await check(world, WANTED, `data of ${seed}`);
		}
	} catch (error) {
		throw new Error(`seed ${seed}: ${(error as Error).message}\n${told.join("\n")}`, { cause: error });
	} finally {
		world.close();
	}
}

interface Round {
	/** Nothing goes wrong but the harm. */
	readonly calm: boolean;
	readonly choices: Chance;
	readonly told: string[];
	readonly onEnd: Exploration["onEnd"];
}

async function one(world: SimulatedWorld, harm: Harm, { calm, choices, told, onEnd }: Round): Promise<void> {
	const before = new Map([...world.cloud.vms.values()].map((vm) => [vm.request.name, vm.cid]));
	const ignored = harm === "ignored" ? "web/1" : undefined;
	if (ignored) await command(world, "ignore", [ignored]);
	const afflicted = doHarm(world, harm, choices);
	told.push(`${harm}${calm ? "" : ", and more goes wrong"}: ${afflicted.join(", ")}`);
	for (let watcher = 1; ; watcher += 1) {
		if (watcher > WATCHERS / 2) world.faults.end();
		const begin = world.time.now;
		const ended = await world.davit("watch", [], { looks: String(LOOKS), interval: String(INTERVAL) });
		const seconds = (at: number) => ((at - world.time.begin) / 1_000).toFixed();
		const lines = ended.events.flatMap((event) =>
			event.type === "health" ? [`    ${seconds(event.at)} s: ${event.instance ?? "all"} ${event.text}`] : [],
		);
		told.push(`${seconds(begin)} s: watcher ${watcher}: ${ended.code} ${ended.text}`, ...lines);
		onEnd?.(harm, ended, (world.time.now - begin) / 1_000);
		checkRepairs(ended, world.cloud.vms.size, ignored);
		const clouds = ended.events.filter((event) => event.type === "health" && event.verdict === "clouds").length;
		if (calm && watcher === 1 && clouds !== (harm === "cloud-silent" ? 2 : 0))
			throw new Error(`a cloud's silence was told ${clouds} times`);
		const ill = [...world.cloud.vms.values()].filter((vm) => vm.request.name !== ignored && !isWell(vm));
		const lacking = [...before.keys()].filter((name) => name !== ignored && !vmOf(world, name));
		if (ended.code === 0 && ill.length === 0 && lacking.length === 0) break;
		if (watcher >= WATCHERS)
			throw new Error(`${[...ill.map(({ request }) => request.name), ...lacking].join(", ")}: ill still`);
	}
	if (ignored) {
		if (vmOf(world, ignored)?.machine.isOn !== false) throw new Error("what an operator ignores was repaired");
		await command(world, "unignore", [ignored]);
		await command(world, "deploy", ["tiny.yml"]);
	}
	for (const [name, cid] of before)
		if (calm && (!HARMS[harm] || !afflicted.includes(name)) && vmOf(world, name)?.cid !== cid)
			throw new Error(`${name} was given another VM`);
}

async function command(world: SimulatedWorld, name: string, args: readonly string[]): Promise<void> {
	const { faults } = world;
	faults.end();
	const { code, text } = await world.davit(name, args, { nonInteractive: true });
	if (code !== 0) throw new Error(`${name}: ${text}`);
}

const vmOf = (world: SimulatedWorld, name: string) =>
	[...world.cloud.vms.values()].find(({ request }) => request.name === name);

function isWell({ machine }: SimulatedVm): boolean {
	const runs = [...machine.processes.values()].every(
		({ monitored, startedAt }) => monitored && startedAt !== undefined,
	);
	return machine.answers && runs;
}

/** Begins within the watcher's first minute. The answer is the names of those that it is about. */
function doHarm(world: SimulatedWorld, harm: Harm, choices: Chance): readonly string[] {
	const { cloud, time } = world;
	const names = [...cloud.vms.values()].map(({ request }) => request.name).sort();
	const some = (count: number) => [...names].sort(() => (choices.happens(0.5) ? 1 : -1)).slice(0, count);
	const later = (ms: number, work: () => void) => {
		void time.sleep(ms).then(work);
	};
	const at = choices.number(0, MINUTE);
	const lasts = choices.number(MINUTE / 2, 3 * MINUTE);
	const hurt = (who: readonly string[], way: "gone" | "frozen" | "off" | "process-died", when = at) => {
		later(when, () => {
			for (const name of who) hurtVm(world, vmOf(world, name), way);
		});
		return who;
	};
	const outage = (what: "cut" | "hidden" | "silent", who: readonly string[], ms = lasts) => {
		later(at, () => cloud.outages.begin(what, ms, who));
		return who;
	};
	switch (harm) {
		case "gone":
		case "frozen":
		case "off":
		case "process-died":
			return hurt(some(1), harm);
		case "two":
			return hurt(some(2), choices.one(["gone", "off"] as const));
		case "all-off":
			return hurt(names, "off");
		case "ignored":
			return hurt(["web/1"], "off", 0);
		case "again": {
			const who = some(1);
			for (let time_ = 0; time_ < 3; time_ += 1) hurt(who, "off", at + time_ * MINUTE);
			return who;
		}
		case "blink": {
			const who = some(1);
			outage("hidden", who, 4_000);
			return outage("cut", who, choices.one([4_000, 12_000]));
		}
		case "cut-all":
			return outage("cut", names);
		case "cut-half":
			return outage("cut", some(choices.number(2, names.length - 1)));
		case "cloud-lies-of-all":
			return outage("hidden", names, MINUTE);
		case "cloud-lies-of-one":
			return outage("hidden", some(1), MINUTE);
		case "cloud-silent":
			later(at, () => cloud.outages.begin("silent", lasts));
			return [];
	}
}

function hurtVm(
	{ cloud }: SimulatedWorld,
	vm: SimulatedVm | undefined,
	way: "gone" | "frozen" | "off" | "process-died",
): void {
	if (!vm) return;
	if (way === "frozen") vm.machine.frozen = true;
	if (way === "off") vm.machine.end();
	if (way === "process-died") for (const process of vm.machine.processes.values()) process.startedAt = undefined;
	if (way !== "gone") return;
	vm.machine.end();
	for (const disk of cloud.disks.values()) if (disk.attachedTo === vm.cid) disk.attachedTo = undefined;
	cloud.vms.delete(vm.cid);
}

/** Pauses before an instance's next repairs, in ms. */
const PAUSES = [MINUTE, 5 * MINUTE, 15 * MINUTE];

/** No more at once than a fifth, none that an operator ignores, and nobody again before its time. */
function checkRepairs({ events }: Ended, vms: number, ignored: string | undefined): void {
	const repaired = new Map<string, number[]>();
	let atWork = 0;
	for (const event of events) {
		if (event.type !== "health" || event.instance === undefined) continue;
		if (event.verdict === "repaired" || event.verdict === "failed") atWork -= 1;
		if (event.verdict !== "repair") continue;
		atWork += 1;
		if (atWork > Math.max(1, Math.floor(vms / 5))) throw new Error(`${atWork} of ${vms} VMs were repaired at once`);
		if (event.instance === ignored) throw new Error("what an operator ignores was repaired");
		const former = repaired.get(event.instance) ?? [];
		const pause = PAUSES[Math.min(former.length, PAUSES.length) - 1] ?? 0;
		if (event.at - (former.at(-1) ?? 0) < pause) throw new Error(`${event.instance} was repaired again too soon`);
		repaired.set(event.instance, [...former, event.at]);
	}
}
