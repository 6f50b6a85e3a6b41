import type { CloudSays, MachineSays, Reading } from "./reading.ts";

/**
 * `missing`: gone or powered off at the cloud. `unresponsive`: there, and silent. `degraded`: it answers, and its processes don't run, or are
 * started again and again. `partitioned`: it is silent, as are so many that it must be the watcher which is cut off. `unknown`: not seen for long
 * enough to say.
 */
export type Verdict = "unknown" | "healthy" | "degraded" | "unresponsive" | "missing" | "partitioned";

/** When what was seen counts. Times are ms. */
export interface Rules {
	/** A VM that the cloud has is unresponsive after so many silent looks in a row, */
	readonly silentLooks: number;
	/** over at least this time; the same holds for processes that don't run. */
	readonly silentMs: number;
	/** Clouds tell of changes late: a VM is missing once they have said so twice, so far apart. */
	readonly consistencyMs: number;
	/** After a boot, processes may take this long to start. */
	readonly graceMs: number;
	/** A process that was started anew this often */
	readonly restarts: number;
	/** within this time crashes again and again. */
	readonly restartsMs: number;
	/** What was ill is well after so many good looks in a row. */
	readonly goodLooks: number;
}

export const RULES: Rules = {
	silentLooks: 3,
	silentMs: 20_000,
	consistencyMs: 5_000,
	graceMs: 60_000,
	restarts: 3,
	restartsMs: 300_000,
	goodLooks: 2,
};

/** Looks in a row that saw the same. */
interface Streak {
	readonly looks: number;
	readonly firstAt: number;
	readonly lastAt: number;
}

/** What is known of one VM: the verdict, and what the next one hangs on. Times are monotonic ms. */
export interface Standing {
	readonly verdict: Verdict;
	readonly since: number;
	readonly why: string;
	/** It did not answer. */
	readonly silent?: Streak;
	/** The cloud said that it isn't there, or is powered off, and it did not answer. */
	readonly absent?: Streak & { readonly as: CloudSays };
	/** It answered, and processes did not run, or all ran and services were deaf. */
	readonly failing?: Streak & { readonly what: "processes" | "services" };
	/** It answered, and all was well. */
	readonly good?: Streak;
	readonly bootId?: string;
	readonly bootedAt?: number;
	/** As the VM last counted them. */
	readonly restarts: Readonly<Record<string, number>>;
	/** When which process was seen to have been started anew. */
	readonly restarted: readonly { readonly at: number; readonly process: string; readonly times: number }[];
}

/**
 * The standing of a VM after one more look. A death needs two witnesses: the cloud, and the VM's own silence. `partitioned`: why the watcher may be cut
 * off; silence is no witness then, and counts anew after it.
 */
export function judge(
	former: Standing | undefined,
	reading: Reading,
	{ rules, partitioned }: { readonly rules: Rules; readonly partitioned?: string | undefined },
): Standing {
	const known: Standing = former ?? { verdict: "unknown", since: reading.at, why: "", restarts: {}, restarted: [] };
	const { machine, at } = reading;
	if (machine.answers) return judgeAnswer(known, at, machine, rules);
	if (partitioned === undefined || isAbsent(reading.cloud)) return judgeSilence(known, reading, machine.why, rules);
	const { good: _, failing: __, silent: ___, absent: ____, ...rest } = known;
	return withVerdict(rest, "partitioned", partitioned, at);
}

/** Whether the cloud says that a VM is no more, or is off. */
export function isAbsent(cloud: CloudSays): boolean {
	return cloud === "gone" || cloud === "stopped";
}

function judgeSilence(known: Standing, { at, cloud }: Reading, why: string, rules: Rules): Standing {
	const { good: _, failing: __, absent: ___, ...rest } = known;
	const silent = longer(known.silent, at);
	const absent = isAbsent(cloud) ? { ...longer(known.absent, at), as: cloud } : undefined;
	const next: Standing = { ...rest, silent, ...(absent ? { absent } : {}) };
	if (absent && absent.looks >= 2 && lasted(absent) >= rules.consistencyMs)
		return withVerdict(next, "missing", `${ABSENT[absent.as]}, and it does not answer: ${why}`, at);
	if (cloud === "running" && silent.looks >= rules.silentLooks && lasted(silent) >= rules.silentMs)
		return withVerdict(next, "unresponsive", why, at);
	return next;
}

const ABSENT: Readonly<Record<CloudSays, string>> = {
	gone: "it is gone at the cloud",
	stopped: "it is powered off at the cloud",
	running: "",
	nothing: "",
};

function judgeAnswer(
	known: Standing,
	at: number,
	machine: Extract<MachineSays, { answers: true }>,
	rules: Rules,
): Standing {
	const { silent: _, absent: __, failing: ___, good: ____, ...rest } = known;
	const isNewBoot = machine.bootId !== known.bootId;
	const bootedAt = isNewBoot ? at : (known.bootedAt ?? at);
	const restarted = isNewBoot ? [] : restartsSince(known, machine.restarts, at, rules);
	const next: Standing = { ...rest, bootId: machine.bootId, bootedAt, restarts: machine.restarts, restarted };
	const trouble = troubleOf(machine, restarted, rules);
	if (!trouble || at - bootedAt < rules.graceMs) {
		const good = longer(known.good, at);
		const isWell = known.verdict === "unknown" || good.looks >= rules.goodLooks;
		return isWell ? withVerdict({ ...next, good }, "healthy", "", at) : { ...next, good };
	}
	const failing = { ...longer(known.failing, at), what: trouble.what };
	const counts = trouble.crashes || (failing.looks >= rules.silentLooks && lasted(failing) >= rules.silentMs);
	return counts ? withVerdict({ ...next, failing }, "degraded", trouble.why, at) : { ...next, failing };
}

function restartsSince(
	known: Standing,
	now: Readonly<Record<string, number>>,
	at: number,
	rules: Rules,
): Standing["restarted"] {
	const fresh = Object.entries(now).flatMap(([process, count]) => {
		const times = count - (known.restarts[process] ?? count);
		return times > 0 ? [{ at, process, times }] : [];
	});
	return [...known.restarted.filter((one) => at - one.at < rules.restartsMs), ...fresh];
}

/** What is wrong inside a VM that answers. */
function troubleOf(
	{ failing, deaf }: Extract<MachineSays, { answers: true }>,
	restarted: Standing["restarted"],
	rules: Rules,
): { readonly why: string; readonly crashes: boolean; readonly what: "processes" | "services" } | undefined {
	const processes = (why: string, crashes = false) => ({ why, crashes, what: "processes" as const });
	const times = new Map<string, number>();
	for (const { process, times: more } of restarted) times.set(process, (times.get(process) ?? 0) + more);
	const crashing = [...times].filter(([, count]) => count >= rules.restarts);
	if (crashing.length > 0) {
		const told = crashing.map(([process, count]) => `${process} was started anew ${count} times`).join(", ");
		return processes(`${told} within ${rules.restartsMs / 60_000} minutes`, true);
	}
	if (failing === undefined) return processes("its supervisor is silent");
	if (failing.length > 0) return processes(failing.join(", "));
	return deaf.length === 0 ? undefined : { why: deaf.join(", "), crashes: false, what: "services" };
}

function longer(streak: Streak | undefined, at: number): Streak {
	return { looks: (streak?.looks ?? 0) + 1, firstAt: streak?.firstAt ?? at, lastAt: at };
}

function lasted({ firstAt, lastAt }: Streak): number {
	return lastAt - firstAt;
}

function withVerdict(standing: Standing, verdict: Verdict, why: string, at: number): Standing {
	return { ...standing, verdict, why, since: standing.verdict === verdict ? standing.since : at };
}
