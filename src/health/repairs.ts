import { type Amount, amountOf } from "../plan/amount.ts";
import type { InstanceName } from "../plan/step.ts";
import { isAbsent, judge, type Rules, type Standing } from "./judge.ts";
import { partition } from "./partition.ts";
import type { Target } from "./reading.ts";

/** What watching may do. */
export interface Policy {
	/** So many of a deployment, and of each of its AZs, may be repaired at once; one always may. */
	readonly maxInFlight: Amount;
	/** No more repairs of a deployment within an hour; undefined: twice its instances, and at least 6. */
	readonly perHour?: number | undefined;
	/** ms after an instance's repair before its next, by how many it had within the last hour; the last holds for all after it. */
	readonly pauses: readonly number[];
	/** False for instances that nobody repairs (`update-resurrection`, `resurrection:` rules). */
	readonly repairs: (instance: InstanceName) => boolean;
}

export const PAUSES = [0, 60_000, 300_000, 900_000] as const;
const HOUR = 3_600_000;

/**
 * `start`: what does not run is started; a VM that is off is powered on. `restart`: all its jobs are stopped, as far as they can be, and started.
 * `reboot`: its VM is started anew. `recreate`: it gets another VM.
 */
export type RepairKind = "start" | "restart" | "reboot" | "recreate";

export interface Repair {
	readonly instance: InstanceName;
	readonly kind: RepairKind;
	/** Its VM answers. */
	readonly answers: boolean;
	readonly why: string;
}

/** A repair that was begun. `at`: monotonic ms. */
export interface PastRepair {
	readonly instance: InstanceName;
	readonly at: number;
}

/** An instance that is ill and isn't repaired now, and why not. */
export interface Held {
	readonly instance: InstanceName;
	/** Which of the reasons: what is told again only when it changes. */
	readonly code: "crashes" | "off" | "pause" | "budget" | "turn";
	readonly why: string;
}

/** A VM, and what was made of what was seen of it. */
export type Judged = Target & { readonly standing: Standing };

export interface RepairInput {
	/** Those whose VMs are meant to run: not stopped, ignored, or being updated. */
	readonly targets: readonly Judged[];
	/** At work now. */
	readonly running: readonly InstanceName[];
	/** Of the last hour at least. */
	readonly past: readonly PastRepair[];
	readonly policy: Policy;
	/** Monotonic ms. */
	readonly now: number;
}

/** A cloud that says of a VM which answers that it is gone, or off, lies about others too: it is no witness in this look. */
function believed(targets: readonly Target[]): readonly Target[] {
	if (!targets.some(({ reading: { cloud, machine } }) => isAbsent(cloud) && machine.answers)) return targets;
	return targets.map((target) =>
		isAbsent(target.reading.cloud) ? { ...target, reading: { ...target.reading, cloud: "nothing" } } : target,
	);
}

/** One more look at all: why the watcher itself may be cut off, if so, and what is to be made of each VM. */
export function judgeAll(
	targets: readonly Target[],
	former: ReadonlyMap<InstanceName, Standing>,
	rules: Rules,
): { readonly judged: readonly Judged[]; readonly partitioned: string | undefined } {
	const seen = believed(targets);
	const partitioned = partition(seen);
	const judged = seen.map((target) => ({
		...target,
		standing: judge(former.get(target.instance), target.reading, { rules, partitioned }),
	}));
	return { judged, partitioned };
}

/** Who is repaired now, and who is not and why. */
export function chooseRepairs({ targets, running, past, policy, now }: RepairInput): {
	readonly repairs: readonly Repair[];
	readonly held: readonly Held[];
} {
	const recent = past.filter(({ at }) => now - at < HOUR);
	const most = policy.perHour ?? Math.max(6, 2 * targets.length);
	const repairs: Repair[] = [];
	const held: Held[] = [];
	const atOnce = (count: number) => Math.max(1, amountOf(policy.maxInFlight, count));
	const azOf = new Map(targets.map(({ instance, az }) => [instance, az]));
	const atWork = (az?: string) =>
		[...running, ...repairs.map(({ instance }) => instance)].filter(
			(instance) => az === undefined || azOf.get(instance) === az,
		).length;
	for (const { instance, az, reading, standing } of targets) {
		if (running.includes(instance)) continue;
		const hold = (code: Held["code"], why: string) => held.push({ instance, code, why });
		const own = recent.filter((one) => one.instance === instance);
		const remedy = remedyOf(standing, own.length);
		if (!remedy) continue;
		const pause = policy.pauses[Math.min(own.length, policy.pauses.length - 1)] ?? 0;
		const lastAt = own.reduce((latest, one) => Math.max(latest, one.at), Number.NEGATIVE_INFINITY);
		const inAz = targets.filter((target) => target.az === az).length;
		if (remedy.kind === "none") hold("crashes", remedy.why);
		else if (!policy.repairs(instance)) hold("off", "its resurrection is off");
		else if (now - lastAt < pause)
			hold("pause", `it was repaired before, and waits for ${Math.ceil((lastAt + pause - now) / 1000)} s`);
		else if (recent.length + repairs.length >= most)
			hold("budget", `${most} repairs within an hour are enough: a person should look`);
		else if (atWork() >= atOnce(targets.length) || atWork(az) >= atOnce(inAz))
			hold("turn", "it waits for the repairs of others");
		else repairs.push({ instance, kind: remedy.kind, answers: reading.machine.answers, why: standing.why });
	}
	return { repairs, held };
}

/** From the mildest on: what was repaired within the hour, and is ill again, gets the next. */
const LADDERS = {
	gone: ["recreate"],
	off: ["start", "recreate"],
	processes: ["start", "restart", "reboot", "recreate"],
	services: ["restart", "reboot", "recreate"],
} as const satisfies Readonly<Record<string, readonly RepairKind[]>>;

function remedyOf(
	{ verdict, restarted, absent, failing }: Standing,
	repairs: number,
): { readonly kind: RepairKind } | { readonly kind: "none"; readonly why: string } | undefined {
	const rung = (ladder: keyof typeof LADDERS) => {
		const remedies: readonly RepairKind[] = LADDERS[ladder];
		return { kind: remedies[Math.min(repairs, remedies.length - 1)] as RepairKind };
	};
	if (verdict === "unresponsive") return rung("gone");
	if (verdict === "missing") return rung(absent?.as === "stopped" ? "off" : "gone");
	if (verdict !== "degraded" || !failing) return undefined;
	// What crashes again and again does so on a new VM too.
	if (restarted.length > 0) return { kind: "none", why: "its process crashes again and again: davit logs shows why" };
	return rung(failing.what);
}
