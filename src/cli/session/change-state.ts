import type { ApplyContext } from "../../apply/context.ts";
import { type Problem, problem, UserError } from "../../errors.ts";
import type { Amount } from "../../manifest/deployment.ts";
import { planDeploy } from "../../plan/plan-deploy.ts";
import type { InstanceName, Plan } from "../../plan/step.ts";
import { stopDiff } from "../../plan/stop-diff.ts";
import type { InstanceRecord } from "../../state/state.ts";
import { type Options, text } from "../command.ts";
import { applyContext } from "./apply-context.ts";
import { withoutRecord } from "./deploy-plan.ts";
import type { DeploymentRun } from "./deployment-run.ts";
import type { Inputs } from "./manifest.ts";
import { observeAll } from "./observed.ts";
import { recordedInstances } from "./recorded-instances.ts";

/** Options of the commands that stop and start instances. */
export const turnOptions = [
	{ flags: "--canaries <number>", about: "instances (or a percentage) ahead of the others, instead of the manifest's" },
	{ flags: "--max-in-flight <number>", about: "instances (or a percentage) at once, instead of the manifest's" },
	{ flags: "--converge", about: "refused: davit deploy brings the others to their manifest" },
	{ flags: "--no-converge", about: "change these instances alone: what davit does in any case" },
] as const;

/** For the help of the commands that have these options. */
export const TURNS_HELP = `
No other instance is changed: BOSH without --no-converge also applies what is pending for others; here that is davit deploy's work.`;

/** BOSH's default, which davit's commands on instances do not have. Throws a UserError (exit code 64) if it is asked for. */
export function refuseConverge(verb: string, { converge }: Options): void {
	if (converge !== true) return;
	const hint = `run davit deploy MANIFEST, which applies what is pending everywhere, and then davit ${verb} without --converge`;
	throw new UserError(problem("usage", `--converge: davit ${verb} changes the named instances alone`, { hint }), {
		exitCode: 64,
	});
}

/** The same inputs, with the options' canaries and max_in_flight in every group. */
export function withTurns(inputs: Inputs, options: Options): Inputs {
	const own = {
		...amount("canaries", text(options, "canaries"), 0),
		...amount("maxInFlight", text(options, "maxInFlight"), 1),
	};
	const { deployment } = inputs;
	const instanceGroups = deployment.instanceGroups.map((group) => ({ ...group, update: { ...group.update, ...own } }));
	return { ...inputs, deployment: { ...deployment, instanceGroups } };
}

function amount(name: "canaries" | "maxInFlight", given: string | undefined, least: number): Record<string, Amount> {
	if (given === undefined) return {};
	const [, digits, percent] = /^(\d{1,6})(%?)$/.exec(given) ?? [];
	if (digits !== undefined && Number(digits) >= least)
		return { [name]: percent ? { percent: Number(digits) } : { count: Number(digits) } };
	const flag = name === "canaries" ? "--canaries" : "--max-in-flight";
	throw new UserError(
		problem("bad-option", `${flag} ${given}: that is no number of instances`, {
			hint: `write ${flag} 2, or ${flag} 20%`,
		}),
		{
			exitCode: 64,
		},
	);
}

/** Records what the operator wants of instances: what comes next, and every later deploy, keeps to it. */
export async function want(
	{ records, store, lease }: DeploymentRun,
	instances: readonly InstanceName[],
	wanted: InstanceRecord["wanted"],
): Promise<void> {
	// One that was stopped with its VM is stopped already.
	const isSo = (now: InstanceRecord["wanted"]) => now === wanted || (wanted === "stopped" && now === "detached");
	const changed = instances.filter((name) => !isSo(records.get(name).wanted));
	if (changed.length > 0)
		await store.write(
			lease.fence,
			changed.map((name) => records.update(name, { wanted })),
		);
}

/** Those that are not ignored; the others are told. */
export function changeable(
	{ records, context }: DeploymentRun,
	chosen: readonly InstanceName[],
): readonly InstanceName[] {
	const ignored = chosen.filter((name) => records.get(name).ignore);
	for (const name of ignored)
		context.emit({ type: "note", text: `${name} is ignored, and stays as it is until davit unignore ${name}` });
	return chosen.filter((name) => !ignored.includes(name));
}

/** Ignores instances, or no more. */
export async function setIgnored(
	{ records, store, lease, context }: DeploymentRun,
	chosen: readonly InstanceName[],
	ignore: boolean,
): Promise<void> {
	await store.write(
		lease.fence,
		chosen.map((name) => records.update(name, { ignore })),
	);
	context.emit({ type: "note", text: `${ignore ? "ignored" : "no longer ignored"}: ${chosen.join(", ")}` });
}

/** Stops instances, and deletes their VMs if that is wanted. It needs no release, so it works when nothing else does. */
export async function prepareStop(
	run: DeploymentRun,
	chosen: readonly InstanceName[],
	{ hard, skipDrain }: { readonly hard: boolean; readonly skipDrain: boolean },
): Promise<{ readonly plan: Plan; readonly applyContext: ApplyContext }> {
	const { inputs, records, context } = run;
	const deployment = inputs.deployment.name;
	const { observed } = await observeAll({ ...run, deployment });
	const own = changeable(run, chosen);
	const silent = own.flatMap((name) => {
		const machine = observed.machines.get(name);
		return machine?.reachable === false && !hard ? [unstoppable(name, machine.why)] : [];
	});
	if (silent.length > 0) throw new UserError(silent);
	await want(run, own, hard ? "detached" : "stopped");
	const desired = recordedInstances(inputs, records.instances(), context).filter(({ name }) => own.includes(name));
	const plan = planDeploy({
		...{ deployment, obsolete: [], orphanVms: [], unknownVariables: [] },
		diffs: desired.map((instance) => stopDiff(instance, observed)),
		...{ compiled: new Set<string>(), firstDeploy: false, inputsChanged: false },
		options: { skipDrain: new Set(skipDrain ? ["*"] : []) },
	});
	return { plan: withoutRecord(plan), applyContext: applyContext({ ...run, desired: [], releases: new Map() }) };
}

function unstoppable(instance: InstanceName, why: string): Problem {
	return problem("unresponsive", `${instance}: its VM does not answer, so its jobs can't be stopped: ${why}`, {
		hint: "davit stop --hard deletes the VM, and keeps the persistent disk",
	});
}
