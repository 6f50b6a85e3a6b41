import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { commit, write } from "./written.ts";

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
		from: "if (!found || held !== copyOf?.disk) return [];",
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
		from: "return [...letGo(record), ...deleteVm(record)];",
		to: "return [...deleteVm(record), ...letGo(record)];",
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
		name: "an effect is journaled only once it has happened",
		file: "src/apply/context.ts",
		from: `	const id = intent.begun ?? (await store.begin(lease.fence, { verb, key, data }));
	lease.check();
	const result = await work().catch(async (error: unknown) => {
		if (isRefusal(error))
			await store.finish(lease.fence, id, { ok: false, problems: problemsOf(error, undefined) ?? [] }, []);
		throw error;
	});`,
		to: `	lease.check();
	const result = await work();
	const id = intent.begun ?? (await store.begin(lease.fence, { verb, key, data }));`,
	},
	{
		name: "whoever comes takes the lease",
		file: "src/state/sqlite-lease.ts",
		from: "if (other) throw heldByAnother(deployment, other);",
		to: "if (other?.number === -1) throw heldByAnother(deployment, other);",
	},
	{
		name: "a VM's script carries no fencing number",
		file: "src/apply/run-script.ts",
		from: "connection.run(fenced(script, context.lease.fence.number), {",
		to: "connection.run(script, {",
	},
	{
		name: "a VM is made without the key that was journaled",
		file: "src/apply/steps/vm.ts",
		from: "const request: VmRequest = {\n\t\tkey,",
		to: "const request: VmRequest = {\n\t\tkey: key + context.clock.now(),",
	},
	{
		name: "a disk of an instance that goes is deleted",
		file: "src/apply/steps/disk.ts",
		from: "const changes = disk ? orphaned(disk, records, clock.now()) : [];",
		to: `const changes = disk ? [{ delete: "disk", cid: disk.cid } as const] : [];
	if (disk) await context.cpi(disk.cpi).deleteDisk(disk.cid, callOptions(context));`,
	},
	{
		name: "no canary goes first",
		file: "src/plan/update-order.ts",
		from: "position === 0 ? Math.min(batch.length, amountOf(update.canaries, batch.length)) : 0",
		to: "position < 0 ? Math.min(batch.length, amountOf(update.canaries, batch.length)) : 0",
	},
	{
		name: "a VM is recorded as gone before it is deleted",
		file: "src/apply/steps/vm.ts",
		from: `	const { records } = context;
	await effect(`,
		to: `	const { records, store, lease } = context;
	await store.write(lease.fence, [records.update(step.instance, {}, ["vm", "applied"])]);
	await effect(`,
	},
	{
		name: "an address is given away before its VM is gone",
		file: "src/plan/plan-deploy.ts",
		from: "const chain = linked(own.prepare, diff.desired.name, removed);",
		to: "const chain = linked(own.prepare, diff.desired.name, []);",
	},
	{
		name: "an instance that has a disk of that name gets another one",
		file: "src/plan/instance-steps.ts",
		from: "const make: StepData[] = there\n",
		to: "const make: StepData[] = there && !disks\n",
	},
	{
		name: "of several disks only one is looked after",
		file: "src/plan/named-disks.ts",
		from: "[{ disk }]), ...named];",
		to: "[{ disk }]), ...named.slice(1)];",
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
		/** Writes its part of docs/simulation.md. */
		write: { type: "boolean", default: false },
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
const rows: string[] = [];
const chosen = mutants.filter(({ name }) => name.includes(values.only));
for (const mutant of chosen) {
	const begin = Date.now();
	const why = await caught(mutant);
	if (why === undefined) alive += 1;
	console.log(
		`${why === undefined ? "LIVES" : "caught"}: ${mutant.name} (${((Date.now() - begin) / 1000).toFixed(0)} s)`,
	);
	if (why !== undefined) console.log(`  ${why}`);
	rows.push(`| ${mutant.name} | ${mutant.file} | ${why?.replaceAll("|", "\\|") ?? "**lives**"} |`);
}
if (values.write)
	write(
		"mutants",
		`Written by \`npm run test:mutants -- --write\`, on ${new Date().toISOString().slice(0, 10)} at commit ${commit()}: each is davit's engine with one thing
wrong, and what the simulation says first. ${chosen.length - alive} of ${chosen.length} are caught.

| what is wrong | where | caught by |
| --- | --- | --- |
${rows.join("\n")}
`,
	);
if (values.report !== undefined) {
	const counts = { numPassedTests: chosen.length - alive, numFailedTests: alive, numPendingTests: 0 };
	writeFileSync(values.report, JSON.stringify({ ...counts, success: alive === 0 }));
}
process.exitCode = alive === 0 ? 0 : 1;
