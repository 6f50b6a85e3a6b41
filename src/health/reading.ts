import type { InstanceName } from "../plan/step.ts";

/** What the cloud's list says of a VM; `nothing`: it did not answer. */
export type CloudSays = "running" | "stopped" | "gone" | "nothing";

/** What a VM says of itself. */
export type MachineSays =
	| { readonly answers: false; readonly why: string }
	| {
			readonly answers: true;
			/** Another one: it was booted since. */
			readonly bootId: string;
			/** What does not run or isn't there, each in words: `app does not run`. Undefined: its supervisor is silent. */
			readonly failing: readonly string[] | undefined;
			/** Services of its manifest's `health` that don't answer as they should, each with why. */
			readonly deaf: readonly string[];
			/** Milliseconds that its answer took, entering it included. */
			readonly tookMs: number;
			/** By name, as metrics have them; absent unless they were asked for. */
			readonly vitals?: Readonly<Record<string, number>>;
			/** How often the supervisor has started each process anew, since the VM's boot. */
			readonly restarts: Readonly<Record<string, number>>;
	  };

/** What one look saw of one VM. */
export interface Reading {
	/** Monotonic ms at which it was asked. */
	readonly at: number;
	readonly cloud: CloudSays;
	readonly machine: MachineSays;
}

/** One instance whose VM is watched. */
export interface Target {
	readonly instance: InstanceName;
	readonly az: string;
	/** The last look at it. */
	readonly reading: Reading;
}
