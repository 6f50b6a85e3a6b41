import type { Chance } from "./chance.ts";

/** What can go wrong around one call to a cloud. */
export type CloudFault =
	/** The cloud is busy and says so, having done nothing. */
	| "rate-limit"
	/** It breaks off, having done nothing. */
	| "lost-request"
	/** It breaks off, having done it. */
	| "lost-answer"
	/** It has no room now. */
	| "refused"
	/** It takes ten times as long. */
	| "slow"
	/** It never answers, having done nothing. */
	| "silent"
	/** It does it and never answers. */
	| "silent-done"
	/** For the next seconds it tells of things as they were. */
	| "stale";

/** What can go wrong around one script on a VM. */
export type MachineFault =
	/** No connection comes about. */
	| "no-connection"
	/** The connection is lost before the script begins. */
	| "lost-script"
	/** It runs, and its answer is lost. */
	| "lost-output"
	/** The VM restarts in the midst of it. */
	| "reboot"
	/** A job's own program fails. */
	| "program-fails";

/** What can happen to davit itself, or behind its back. */
export type WorldFault =
	| "kill-before"
	| "kill-after"
	| "suspend"
	| "kill-before-write"
	| "kill-after-write"
	| "vm-gone"
	| "vm-off"
	| "process-died";

export type Fault = CloudFault | MachineFault | WorldFault;

export const cloudFaults: readonly CloudFault[] = [
	...["rate-limit", "lost-request", "lost-answer", "refused", "slow", "silent", "silent-done", "stale"],
] as CloudFault[];
export const machineFaults: readonly MachineFault[] = [
	...["no-connection", "lost-script", "lost-output", "reboot", "program-fails"],
] as MachineFault[];

/** Chooses the faults of one run, and counts which kind hit which kind of step. */
export class Faults {
	readonly #chance: Chance;
	readonly #share: number;
	readonly #focus: string | undefined;
	readonly #left: { count: number };
	readonly hits: Map<string, number>;

	/**
	 * @param share of all calls that go wrong, until `most` have
	 * @param focus the kind of step in which far more do
	 */
	constructor(chance: Chance, share: number, most: number, hits = new Map<string, number>(), focus?: string) {
		this.#chance = chance;
		this.#share = share;
		this.#focus = focus;
		this.#left = { count: most };
		this.hits = hits;
	}

	/** One of the kinds, now and then; undefined: all goes well. `where`: the kind of step, for the count; `who` calls. */
	choose<F extends Fault>(kinds: readonly F[], where: string, who: string): F | undefined {
		const chance = this.#chance.of(`fault of ${who}`);
		const share = where === this.#focus ? Math.max(this.#share, 0.2) : this.#share;
		if (this.#left.count <= 0 || !chance.happens(share)) return undefined;
		const fault = chance.one(kinds);
		this.#left.count -= 1;
		this.count(fault, where);
		return fault;
	}

	/** No more from here on. */
	end(): void {
		this.#left.count = 0;
	}

	count(fault: Fault, where: string): void {
		const key = `${fault} ${where}`;
		this.hits.set(key, (this.hits.get(key) ?? 0) + 1);
	}
}
