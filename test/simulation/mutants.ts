import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";

/** A davit with one thing wrong in its engine, which the simulation must notice. */
interface Mutant {
	readonly name: string;
	readonly file: string;
	/** Stands there once. */
	readonly from: string;
	readonly to: string;
}

const mutants: readonly Mutant[] = [
	{
		name: "what a killed davit left open is closed unseen",
		file: "src/apply/resume.ts",
		from: "const changes = await changesOf(intent, input);",
		to: "const changes: readonly Change[] = [];",
	},
	{
		name: "a disk whose creation was cut short is not taken over",
		file: "src/apply/resume.ts",
		from: "if (!found || record.disk !== copyOf?.disk) return [];",
		to: "if (found || !found) return [];",
	},
	{
		name: "compilation VMs that a killed davit left stay",
		file: "src/cli/session/deploy-plan.ts",
		from: "leftCompilationVms: input.records.compilationVms(),",
		to: "leftCompilationVms: [],",
	},
	{
		name: "the state store lets everybody write",
		file: "src/state/sqlite-lease.ts",
		from: "if (row?.number !== fence.number) throw",
		to: "if (row?.number === -1) throw",
	},
	{
		name: "a VM is deleted before its disk is detached",
		file: "src/plan/instance-steps.ts",
		from: 'return [...detach, { kind: "delete-vm", cid: vm.cid, cpi: vm.cpi }];',
		to: 'return [{ kind: "delete-vm", cid: vm.cid, cpi: vm.cpi }, ...detach];',
	},
	{
		name: "a disk is detached without being unmounted",
		file: "src/apply/steps/disk.ts",
		from: "if (ownMount && (await context.answers(step.instance)))",
		to: "if (ownMount && (await context.answers(step.instance)) && step.id === '')",
	},
	{
		name: "jobs are not stopped before they change",
		file: "src/plan/instance-steps.ts",
		from: "if (jobs.length === 0 || rests) return [];",
		to: "if (jobs.length >= 0 || rests) return [];",
	},
	{
		name: "an instance is not marked while it is updated",
		file: "src/apply/steps/jobs.ts",
		from: "await store.write(lease.fence, [records.update(name, { dirty: true })]);",
		to: "await store.write(lease.fence, [records.update(name, { dirty: false })]);",
	},
	{
		name: "only the first page of a cloud's list is read",
		file: "src/apply/observe.ts",
		from: "} while (page !== undefined);",
		to: '} while (page === "");',
	},
	{
		name: "steps wait for nothing",
		file: "src/apply/schedule.ts",
		from: "step.after.filter((id) => known.has(id)).length]",
		to: "step.after.filter((id) => !known.has(id)).length]",
	},
	{
		name: "an instance that has a disk gets another one",
		file: "src/plan/instance-steps.ts",
		from: "const make: StepData[] = record?.disk\n",
		to: 'const make: StepData[] = record?.disk === ("" as string)\n',
	},
	{
		name: "post-start is left out",
		file: "src/plan/instance-steps.ts",
		from: '...startStep(diff), { kind: "post-start", jobs }]',
		to: "...startStep(diff)]",
	},
];

const { values } = parseArgs({
	options: {
		seed: { type: "string", default: "1" },
		/** For one mutant at most. */
		minutes: { type: "string", default: "3" },
		/** Counts as JSON, as a test reporter gives them. */
		report: { type: "string" },
		/** Only those whose name has this. */
		only: { type: "string", default: "" },
	},
});
const ROOT = join(import.meta.dirname, "../..");

/** The first thing that the simulation says against it; undefined: it lives. */
async function caught({ file, from, to }: Mutant): Promise<string | undefined> {
	const folder = mkdtempSync(join(tmpdir(), "davit-mutant-"));
	try {
		for (const part of ["src", "cpis", "test", "manifests", "stemcells", "package.json"])
			cpSync(join(ROOT, part), join(folder, part), { recursive: true });
		symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
		const text = readFileSync(join(folder, file), "utf8");
		if (text.split(from).length !== 2) throw new Error(`${file} has not once: ${from}`);
		writeFileSync(
			join(folder, file),
			text.replace(from, () => to),
		);
		return await complaint(folder);
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

function complaint(folder: string): Promise<string | undefined> {
	const { seed, minutes } = values;
	const args = ["test/simulation/run.ts", "--until-failure", "--seed", seed, "--minutes", minutes];
	return new Promise((resolve, reject) => {
		execFile(process.execPath, args, { cwd: folder, maxBuffer: 2 ** 26 }, (error, _, stderr) => {
			const why = stderr.split("\n").find((line) => line.startsWith("seed "));
			if (error && why === undefined) reject(new Error(stderr.slice(0, 2_000)));
			else resolve(why);
		});
	});
}

let alive = 0;
const chosen = mutants.filter(({ name }) => name.includes(values.only));
for (const mutant of chosen) {
	const begin = Date.now();
	const why = await caught(mutant);
	if (why === undefined) alive += 1;
	console.log(
		`${why === undefined ? "LIVES" : "caught"}: ${mutant.name} (${((Date.now() - begin) / 1000).toFixed(0)} s)`,
	);
	if (why !== undefined) console.log(`  ${why}`);
}
if (values.report !== undefined) {
	const counts = { numPassedTests: chosen.length - alive, numFailedTests: alive, numPendingTests: 0 };
	writeFileSync(values.report, JSON.stringify({ ...counts, success: alive === 0 }));
}
process.exitCode = alive === 0 ? 0 : 1;
