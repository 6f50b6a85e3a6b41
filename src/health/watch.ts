import type { Clock } from "../clock.ts";
import type { InstanceName } from "../plan/step.ts";
import type { Rules, Standing, Verdict } from "./judge.ts";
import type { Target } from "./reading.ts";
import {
	chooseRepairs,
	type Held,
	type Judged,
	judgeAll,
	type PastRepair,
	type Policy,
	type Repair,
} from "./repairs.ts";

/** What is told while a deployment is watched. */
export type HealthEvent =
	| { readonly type: "verdict"; readonly instance: InstanceName; readonly verdict: Verdict; readonly why: string }
	/** Whether the clouds answer; told when that changes. While one does not, none of its VMs is given up. */
	| { readonly type: "clouds"; readonly answer: boolean }
	/** It is ill, and not repaired now. */
	| { readonly type: "held"; readonly instance: InstanceName; readonly why: string }
	/** The watcher may be cut off from its VMs: `why`; undefined: not any more. */
	| { readonly type: "partitioned"; readonly why: string | undefined }
	| { readonly type: "repair"; readonly repairs: readonly Repair[] }
	/** `failure`: why it failed. */
	| { readonly type: "repaired"; readonly instances: readonly InstanceName[]; readonly failure?: unknown };

export interface WatchPorts {
	/** One look at the VMs that are meant to run; undefined: somebody changes the deployment, so nothing is judged. */
	readonly look: () => Promise<readonly Target[] | undefined>;
	/** Brings them back; false: it could not begin, since somebody else works on the deployment. Rejects if it failed. */
	readonly repair: (repairs: readonly Repair[]) => Promise<boolean>;
	readonly tell: (event: HealthEvent) => void;
	/** What a look made of each VM. */
	readonly judged?: (targets: readonly Judged[]) => void;
	readonly clock: Clock;
	readonly signal: AbortSignal;
}

export interface WatchSettings {
	readonly rules: Rules;
	readonly policy: Policy;
	/** From the begin of one look to that of the next, in ms. */
	readonly intervalMs: number;
	/** Ends after so many looks, and the repairs that they led to. */
	readonly looks?: number;
}

/** Watches one deployment until the signal aborts; a repair at work is brought to a safe point by then. Looks go on while one is at work. */
export async function watch(ports: WatchPorts, settings: WatchSettings): Promise<void> {
	const { clock, signal } = ports;
	const watcher = new Watcher(ports, settings);
	try {
		for (let looks = 1; ; looks++) {
			signal.throwIfAborted();
			const begun = clock.monotonic();
			const isSuspect = await watcher.look();
			if (looks === settings.looks) break;
			const { intervalMs, rules } = settings;
			const pause = isSuspect ? Math.min(intervalMs, rules.consistencyMs) : intervalMs;
			await clock.sleep(Math.max(0, begun + pause - clock.monotonic()), signal);
		}
	} finally {
		await watcher.atWork?.done;
	}
}

class Watcher {
	private readonly ports: WatchPorts;
	private readonly settings: WatchSettings;
	private standings = new Map<InstanceName, Standing>();
	private past: PastRepair[] = [];
	/** Why each was held, as it was told. */
	private held = new Map<InstanceName, string>();
	private partitioned: string | undefined;
	private cloudsAnswer = true;
	atWork: { readonly instances: readonly InstanceName[]; readonly done: Promise<void> } | undefined;

	constructor(ports: WatchPorts, settings: WatchSettings) {
		this.ports = ports;
		this.settings = settings;
	}

	/** True if what it saw should be looked at again soon. */
	async look(): Promise<boolean> {
		const targets = await this.ports.look();
		if (!targets) {
			this.standings = new Map();
			return false;
		}
		this.tellClouds(targets.every(({ reading }) => reading.cloud !== "nothing"));
		const running = this.atWork?.instances ?? [];
		const others = targets.filter(({ instance }) => !running.includes(instance));
		const { judged, partitioned } = judgeAll(others, this.standings, this.settings.rules);
		for (const { instance, standing } of judged) this.tellVerdict(instance, standing);
		this.standings = new Map(judged.map(({ instance, standing }) => [instance, standing]));
		this.ports.judged?.(judged);
		const now = this.ports.clock.monotonic();
		const { policy } = this.settings;
		const { repairs, held } = chooseRepairs({ targets: judged, running, past: this.past, policy, now });
		this.tellPartition(partitioned);
		this.tellHeld(held);
		if (repairs.length > 0 && !this.atWork) this.begin(repairs, now);
		return judged.some(({ standing }) => standing.absent !== undefined && standing.verdict !== "missing");
	}

	private tellVerdict(instance: InstanceName, { verdict, why }: Standing): void {
		const former = this.standings.get(instance)?.verdict ?? "unknown";
		if (former !== verdict && !(former === "unknown" && verdict === "healthy"))
			this.ports.tell({ type: "verdict", instance, verdict, why });
	}

	private tellClouds(answer: boolean): void {
		if (answer !== this.cloudsAnswer) this.ports.tell({ type: "clouds", answer });
		this.cloudsAnswer = answer;
	}

	private tellPartition(why: string | undefined): void {
		if ((why === undefined) !== (this.partitioned === undefined)) this.ports.tell({ type: "partitioned", why });
		this.partitioned = why;
	}

	private tellHeld(held: readonly Held[]): void {
		for (const { instance, code, why } of held)
			if (this.held.get(instance) !== code) this.ports.tell({ type: "held", instance, why });
		this.held = new Map(held.map(({ instance, code }) => [instance, code]));
	}

	private begin(repairs: readonly Repair[], now: number): void {
		const instances = repairs.map(({ instance }) => instance);
		this.ports.tell({ type: "repair", repairs });
		const begun = instances.map((instance): PastRepair => ({ instance, at: now }));
		this.past = [...this.past, ...begun];
		const done = this.ports.repair(repairs).then(
			(could) => {
				if (could) this.ports.tell({ type: "repaired", instances });
				else this.past = this.past.filter((one) => !begun.includes(one));
			},
			(failure: unknown) => this.ports.tell({ type: "repaired", instances, failure }),
		);
		this.atWork = {
			instances,
			done: done.finally(() => {
				this.atWork = undefined;
			}),
		};
	}
}
