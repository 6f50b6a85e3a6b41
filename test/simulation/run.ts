import { type ChildProcess, fork } from "node:child_process";
import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import type { Lane, Told } from "./lane.ts";
import { page } from "./page.ts";
import { commit, write } from "./written.ts";

/**
 * Deployments' lives on the simulated cloud, each by its seed, until the time is over or all seeds were tried:
 * `npm run test:simulation -- --seed 7 --seeds 1000 --minutes 60 --write`.
 */

const { values } = parseArgs({
	options: {
		seed: { type: "string", default: String(Date.now() % 1e9) },
		seeds: { type: "string", default: "1000000" },
		minutes: { type: "string", default: "1" },
		/** VMs fall ill while they are watched, instead of a deployment's changes. */
		watch: { type: "boolean", default: false },
		/** Ends with the first life that goes wrong. */
		"until-failure": { type: "boolean", default: false },
		/** Writes its part of docs/simulation.md. */
		write: { type: "boolean", default: false },
		/** Counts as JSON, as a test reporter gives them. */
		report: { type: "string" },
	},
});
/** Changes in one life: each is a run with faults of its own. */
const ROUNDS = 5;
const first = Number(values.seed);
const lanes = Math.min(availableParallelism(), Number(values.seeds));
const until = Date.now() + Number(values.minutes) * 60_000;
const hits = new Map<string, number>();
const failures: string[] = [];
const children: ChildProcess[] = [];
let lives = 0;

function lane(number: number): Promise<void> {
	const settings: Lane = {
		from: first + number,
		step: lanes,
		to: first + Number(values.seeds),
		until,
		rounds: ROUNDS,
		watch: values.watch,
	};
	const child = fork(join(import.meta.dirname, "lane.ts"), [JSON.stringify(settings)]);
	children.push(child);
	child.on("message", ({ hits: own, problem }: Told) => {
		lives += 1;
		for (const [key, count] of Object.entries(own)) hits.set(key, (hits.get(key) ?? 0) + count);
		if (problem === undefined) return;
		failures.push(problem);
		console.error(problem);
		if (values["until-failure"]) for (const other of children) other.kill();
	});
	return new Promise((resolve) => {
		child.on("exit", (code) => {
			if (code !== 0 && failures.length === 0) failures.push(`a lane ended with exit code ${code}`);
			resolve();
		});
	});
}

await Promise.all(Array.from({ length: lanes }, (_, number) => lane(number)));
const text = page({ seed: first, lives, rounds: ROUNDS, hits, failures, commit: commit() });
console.log(text);
if (values.write) write("faults", text);
if (values.report !== undefined) {
	const counts = { numPassedTests: lives - failures.length, numFailedTests: failures.length, numPendingTests: 0 };
	writeFileSync(values.report, JSON.stringify({ ...counts, success: failures.length === 0 }));
}
process.exitCode = failures.length === 0 && lives > 0 ? 0 : 1;
