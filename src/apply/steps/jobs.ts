import { installJobsScript, jobsArchive } from "../../machine/job.ts";
import { monitChecksOf } from "../../machine/monit-files.ts";
import { activatePackagesScript } from "../../machine/package.ts";
import { writeTableScript } from "../../machine/supervisor/control.ts";
import type { Step } from "../../plan/step.ts";
import type { AppliedRecord } from "../../state/state.ts";
import type { ApplyContext } from "../context.ts";
import { runScript } from "../run-script.ts";

type Of<K extends Step["kind"]> = Extract<Step, { kind: K }> & { instance: string };

/** Puts all rendered jobs of the VM to their BOSH paths, before any pre-start: real jobs edit each other's files. */
export async function installJobs(step: Of<"install-jobs">, context: ApplyContext): Promise<void> {
	const { records, store, lease } = context;
	const name = step.instance;
	const desired = context.desired.get(name);
	if (!desired) throw new Error(`no desired instance ${name}`);
	const rendered = context.rendered(name);
	const jobs = rendered.map((job) => {
		const packages = desired.jobs.find((wanted) => wanted.job.name === job.job)?.job.packages ?? [];
		return { name: job.job, digest: context.keyedDigest(JSON.stringify(job)), packages: [...packages] };
	});
	await store.write(lease.fence, [records.update(name, { dirty: true })]);
	const packages = step.packages.map(({ name: package_, key }) => ({ name: package_, fingerprint: key }));
	await runScript(context, step, activatePackagesScript(packages), "packages-not-active");
	const archive = await jobsArchive(rendered);
	await runScript(context, step, installJobsScript(jobs), "jobs-not-installed", { stdin: async () => archive });
	await runScript(context, step, writeTableScript(context.supervisorTable(name)), "supervisor-table");
	const applied: AppliedRecord = {
		jobs: Object.fromEntries(
			desired.jobs.map(({ job }, position) => [
				job.name,
				{
					release: job.release,
					fingerprint: job.fingerprint,
					input: context.inputOf(name, job.name),
					output: jobs[position]?.digest ?? "",
					files: rendered[position]?.files.map(({ path }) => path) ?? [],
					checks: rendered[position] ? monitChecksOf(rendered[position]).checks.map(({ name }) => name) : [],
				},
			]),
		),
		packages: Object.fromEntries(step.packages.map((use) => [use.name, use.key])),
		names: context.naming?.written.get(name) ?? desired.names,
		tags: desired.shape.metadata,
		postDeployed: false,
	};
	await store.write(lease.fence, [records.update(name, { applied })]);
}
