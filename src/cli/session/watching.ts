import { problemsOf } from "../../apply/problems-of.ts";
import { UserError } from "../../errors.ts";
import { RULES } from "../../health/judge.ts";
import type { Target } from "../../health/reading.ts";
import { PAUSES, type Policy, type Repair } from "../../health/repairs.ts";
import { type HealthEvent, watch } from "../../health/watch.ts";
import { isResurrected, type Resurrection } from "../../manifest/resurrection-config.ts";
import type { InstanceName } from "../../plan/step.ts";
import type { SqliteStore } from "../../state/sqlite.ts";
import type { CliContext } from "../command.ts";
import { bringUp } from "./chosen-instances.ts";
import type { DeployFlags } from "./deploy.ts";
import { withRun } from "./deployment-run.ts";
import type { HealthMetrics } from "./health-metrics.ts";
import { recordedInputs } from "./manifest.ts";
import type { RecordedDeployment } from "./recorded.ts";
import { refreshRecords } from "./refresh-records.ts";
import { type Looking, lookAtTargets } from "./watched.ts";

export interface WatchOptions {
	readonly intervalMs: number;
	readonly looks?: number;
	/** False: what is ill is told, and nothing is done about it. */
	readonly repairs: boolean;
	readonly resurrection: Resurrection;
	readonly metrics?: HealthMetrics | undefined;
}

/** Watches a deployment, and repairs what is ill. */
export async function watchDeployment(
	deployment: RecordedDeployment,
	context: CliContext,
	{ intervalMs, looks, repairs, resurrection, metrics }: WatchOptions,
): Promise<void> {
	const { name, store } = deployment;
	let repairing = false;
	let isOn = true;
	const mayRepair = (instance: InstanceName) =>
		repairs && isOn && isResurrected(resurrection.rules, name, instance.slice(0, instance.lastIndexOf("/")));
	const looking: Looking = { times: new Map(), vitals: metrics !== undefined };
	await watch(
		{
			look: async () => {
				isOn = await store.resurrection();
				return lookUnlessHeld(deployment, context, looking, () => repairing);
			},
			repair: async (chosen) => {
				repairing = true;
				try {
					return await repair(name, store, chosen, context);
				} finally {
					repairing = false;
				}
			},
			tell: (event) => {
				metrics?.tell(name, event);
				tellHealth(event, name, context);
			},
			judged: (targets) => metrics?.look(name, targets, context.clock.now()),
			clock: context.clock,
			signal: context.signal,
		},
		{
			rules: RULES,
			policy: policyOf(resurrection, mayRepair),
			intervalMs,
			...(looks === undefined ? {} : { looks }),
		},
	);
}

/** A fifth of a deployment, and of each AZ, is repaired at once, unless the config says otherwise. */
function policyOf({ maxInFlight, maxPerHour, backOff }: Resurrection, repairs: Policy["repairs"]): Policy {
	return {
		maxInFlight: maxInFlight ?? { percent: 20 },
		perHour: maxPerHour,
		pauses: backOff?.map((seconds) => 1000 * seconds) ?? PAUSES,
		repairs,
	};
}

async function lookUnlessHeld(
	deployment: RecordedDeployment,
	context: CliContext,
	looking: Looking,
	isOwn: () => boolean,
): Promise<readonly Target[] | undefined> {
	const isHeld = async () => !isOwn() && (await deployment.store.holder(deployment.name)) !== undefined;
	if (await isHeld()) return undefined;
	const { deployment: record } = await refreshRecords(deployment);
	const isDeployed = record !== undefined && record.unfinished === undefined;
	const targets = await lookAtTargets(deployment, context, { ...looking, isDeployed });
	// Whoever began meanwhile may have stopped what was just seen to be silent.
	return (await isHeld()) ? undefined : targets;
}

/** One plan for each. A VM that is to be given up since it is silent may have come back by now, and is left alone then. */
const REMEDIES: readonly (readonly [
	(repair: Repair) => boolean,
	(instances: readonly InstanceName[]) => Partial<DeployFlags>,
])[] = [
	[({ kind }) => kind === "start", () => ({})],
	[({ kind }) => kind === "restart", () => ({ restart: true })],
	[
		({ kind }) => kind === "reboot",
		(instances) => ({ remedies: new Map(instances.map((instance) => [instance, { how: "reboot", always: true }])) }),
	],
	[({ kind, answers }) => kind === "recreate" && answers, () => ({ recreate: true })],
	[({ kind, answers }) => kind === "recreate" && !answers, () => ({ fix: true })],
];

/** By the engine that deploys, for these instances alone. It looks again before it acts: what has come back needs nothing. */
async function repair(
	name: string,
	store: SqliteStore,
	chosen: readonly Repair[],
	context: CliContext,
): Promise<boolean> {
	const { deployment: record } = await store.read(name);
	if (!record) return false;
	try {
		await withRun(
			"watch",
			(key) => recordedInputs(record, key),
			store,
			context,
			async (run) => {
				for (const [fits, flagsFor] of REMEDIES) {
					const instances = chosen.filter(fits).map(({ instance }) => instance);
					if (instances.length > 0) await bringUp(run, instances, flagsFor(instances), { nonInteractive: true });
				}
			},
		);
		return true;
	} catch (error) {
		if (error instanceof UserError && error.exitCode === 3) return false;
		throw error;
	}
}

/** In words, and as data. */
function tellHealth(event: HealthEvent, deployment: string, { emit, clock }: CliContext): void {
	const say = (verdict: string, text: string, instance?: string) =>
		emit({
			type: "health",
			at: clock.now(),
			deployment,
			verdict,
			text,
			...(instance === undefined ? {} : { instance }),
		});
	if (event.type === "verdict")
		say(event.verdict, event.why === "" ? event.verdict : `${event.verdict}: ${event.why}`, event.instance);
	else if (event.type === "held") say("held", `not repaired: ${event.why}`, event.instance);
	else if (event.type === "clouds")
		say("clouds", event.answer ? "the cloud answers again" : "the cloud does not answer: no VM is given up without it");
	else if (event.type === "partitioned")
		say("partitioned", event.why === undefined ? "the VMs answer again" : `nothing is repaired: ${event.why}`);
	else if (event.type === "repair")
		for (const { instance, kind, why } of event.repairs) say("repair", `${kind}, since ${why}`, instance);
	else {
		for (const instance of event.instances)
			if (event.failure === undefined) say("repaired", "repaired", instance);
			else say("failed", "its repair failed", instance);
		for (const problem of problemsOf(event.failure, undefined) ?? []) emit({ type: "problem", problem });
	}
}
