import process from "node:process";
import { parseArgs } from "node:util";
import { type Case, cases } from "../crash/cases.ts";
import type { Wanted } from "../crash/platform.ts";
import { loseVm, parse } from "./case-commands.ts";
import { check, putData } from "./checks.ts";
import { SimulatedWorld } from "./world.ts";

/**
 * Each case, with davit killed before its first write of the state store, after it, before its second, and so on until it comes to its end
 * unharmed; each time the same command must finish it. `npm run test:cuts -- --only "job change"`.
 */
const { values } = parseArgs({
	options: { only: { type: "string", default: "" }, seed: { type: "string", default: "1" } },
});

const DATA = "data of the database";
/** Growth and scaling go on for as long as there are writes to cut. */
const again: Partial<Readonly<Record<string, string>>> = {
	delete: "first deploy",
	"first deploy": "delete",
	stop: "start",
	start: "stop",
	"stop --hard": "start without a VM",
	"start without a VM": "stop --hard",
	"a disk more": "a disk less",
	"a disk less": "a disk more",
	"scale out": "scale in",
	"scale in": "scale out",
};

const caseOf = (name: string) => cases.find((each) => each.name === name) as Case;

/** One deployment that is changed over and over, cut each time at the next place. */
async function cutEverywhere(chosen: Case): Promise<number> {
	const world = new SimulatedWorld({ seed: Number(values.seed) });
	let now: Wanted | undefined;
	const change = async (each: Case, at: number): Promise<boolean> => {
		const after =
			each.name === "disk growth" && now ? { ...now, diskMib: now.diskMib + 1 } : each.change(now as Wanted);
		if (after) world.want(after);
		if (each.losesVm) loseVm(world, world.chance);
		const { command, words, options } = parse(each.args);
		let place = 0;
		world.cut = (_, davit) => {
			place += 1;
			if (place === at) davit.kill();
		};
		const first = await world.davit(command, words, options);
		world.cut = () => {};
		const last = first.code === "killed" ? await world.davit(command, words, options) : first;
		if (last.code !== 0 && !(each.name === "delete" && last.text.includes("no-deployment")))
			throw new Error(`${each.name}, cut at ${at}: ${last.code} ${last.text}`);
		if (after && !now) putData(world, DATA);
		now = after;
		world.time.pass(120_000);
		await check(world, now, DATA).catch((error: Error) => {
			throw new Error(`${each.name}, cut at ${at}: ${error.message}`);
		});
		return first.code === "killed";
	};
	const reach = async () => {
		if (!now && chosen.name !== "first deploy") await change(caseOf("first deploy"), 0);
		const back = again[chosen.name];
		if (!chosen.fits(now) && back) await change(caseOf(back), 0);
	};
	try {
		for (let at = 1; ; at += 1) {
			await reach();
			if (!(await change(chosen, at))) return at - 1;
		}
	} finally {
		world.close();
	}
}

let failed = 0;
for (const chosen of cases.filter(({ name }) => name.includes(values.only))) {
	const begin = Date.now();
	try {
		const places = await cutEverywhere(chosen);
		console.log(`${chosen.name}: cut at ${places} places (${((Date.now() - begin) / 1000).toFixed(0)} s)`);
	} catch (error) {
		failed += 1;
		console.log(`FAILED: ${(error as Error).message}`);
	}
}
// Killed processes of the simulation wait for ever.
process.exit(failed === 0 ? 0 : 1);
