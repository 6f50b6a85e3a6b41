import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { openWorld } from "../support/acceptance.ts";
import { users } from "../support/ordinary-user.ts";
import { cases, elsewhere } from "./cases.ts";
import { page } from "./page.ts";
import { seeded } from "./random.ts";
import { type Lane, round } from "./round.ts";
import { Tally } from "./tally.ts";

/**
 * Kills the real command with SIGKILL, over and over, while it deploys, changes and deletes platforms on the embedded provider, and looks after
 * each whether all is as if nothing had happened. `npm run test:crash -- --seed 7 --minutes 60 --write`.
 */
const { values } = parseArgs({
	options: {
		seed: { type: "string", default: String(Date.now() % 1e9) },
		minutes: { type: "string", default: "8" },
		lanes: { type: "string", default: "2" },
		/** Writes docs/crash.md. */
		write: { type: "boolean", default: false },
		/** Counts as JSON, as a test reporter gives them. */
		report: { type: "string" },
	},
});
const seed = Number(values.seed);
const until = Date.now() + Number(values.minutes) * 60_000;
const tally = new Tally();
const failures: string[] = [];

async function lane(number: number): Promise<void> {
	const random = seeded(seed + number);
	const user = users[number % users.length] as (typeof users)[number];
	const world = openWorld(user);
	const own: Lane = { world, random, tally, seen: new Map(), now: undefined, data: "" };
	try {
		while (Date.now() < until && failures.length === 0) {
			const fitting = cases.filter(({ fits }) => fits(own.now));
			const fewest = Math.min(...fitting.map(({ name }) => tally.rounds.get(name) ?? 0));
			const due = fitting.filter(({ name }) => (tally.rounds.get(name) ?? 0) <= fewest + 1);
			const chosen = due[Math.floor(random() * due.length)];
			if (!chosen) throw new Error("no case fits");
			const begin = Date.now();
			await round(own, chosen);
			console.log(`lane ${number} (${user.name}): ${chosen.name}, ${((Date.now() - begin) / 1000).toFixed(0)} s`);
		}
	} catch (error) {
		failures.push(`lane ${number} (${user.name}): ${(error as Error).stack}`);
		console.error(failures.at(-1));
	}
	await world.close().catch((error: Error) => failures.push(error.message));
}

await Promise.all(Array.from({ length: Number(values.lanes) }, (_, number) => lane(number)));
const wanted = new Set(cases.flatMap(({ covers }) => covers));
const missed = [...wanted].filter((kind) => tally.kills(kind, "begin") + tally.kills(kind, "end") === 0);
const rounds = [...tally.rounds.values()].reduce((sum, count) => sum + count, 0);
const text = page({
	tally,
	cases,
	elsewhere,
	failures,
	missed,
	seed,
	minutes: Number(values.minutes),
	commit: commit(),
});
console.log(text);
if (values.write) writeFileSync(join(import.meta.dirname, "../../docs/crash.md"), text);
if (values.report !== undefined) {
	const counts = {
		numPassedTests: rounds,
		numFailedTests: failures.length,
		numPendingTests: 0,
		success: failures.length === 0,
	};
	writeFileSync(values.report, JSON.stringify(counts));
}
process.exitCode = failures.length === 0 ? 0 : 1;

function commit(): string {
	const git = (...args: readonly string[]) => execFileSync("git", args, { encoding: "utf8" }).trim();
	const changed = git("status", "--porcelain", "--untracked-files=no") !== "";
	return `${git("rev-parse", "--short=12", "HEAD")}${changed ? ", with changes that are in no commit" : ""}`;
}
