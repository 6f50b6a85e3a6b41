import type { ApplyContext } from "../../src/apply/context.ts";
import { createPeers } from "../../src/apply/peers.ts";
import { Records } from "../../src/apply/records.ts";
import type { DavitEvent } from "../../src/events.ts";
import type { DesiredInstance } from "../../src/plan/desired.ts";
import type { RunOptions, RunResult, SshConnection } from "../../src/ssh/ssh.ts";
import type { Change, DiskRecord, InstanceRecord, Lease, Outcome, StateStore } from "../../src/state/state.ts";

/** What was asked of the ports around a step, in order. */
export interface Seen {
	readonly scripts: string[];
	readonly runs: RunOptions[];
	readonly changes: Change[];
	readonly outcomes: Outcome[];
	readonly disconnected: string[];
	readonly events: DavitEvent[];
}

export interface World {
	readonly instances?: readonly InstanceRecord[];
	readonly disks?: readonly DiskRecord[];
	readonly desired?: readonly DesiredInstance[];
	/** What a VM answers to a script. */
	readonly answer?: (script: string) => Partial<RunResult>;
	readonly more?: Partial<ApplyContext>;
}

/** A context whose ports are at hand: the store keeps nothing, the VMs answer as told, time passes at once. */
export function applyWorld({ instances = [], disks = [], desired = [], answer = () => ({}), more = {} }: World): {
	readonly context: ApplyContext;
	readonly seen: Seen;
} {
	const seen: Seen = { scripts: [], runs: [], changes: [], outcomes: [], disconnected: [], events: [] };
	const fence = { deployment: "d", number: 2 };
	const lease: Lease = { fence, signal: new AbortController().signal, check: () => {}, release: async () => {} };
	const store = {
		begin: async () => 1,
		write: async (_: unknown, changes: readonly Change[]) => void seen.changes.push(...changes),
		finish: async (_: unknown, _id: number, outcome: Outcome, changes: readonly Change[]) => {
			seen.outcomes.push(outcome);
			seen.changes.push(...changes);
		},
		appendEvent: async () => {},
	} as unknown as StateStore;
	const connection = {
		run: async (script: string, options: RunOptions) => {
			seen.scripts.push(script);
			seen.runs.push(options);
			return { code: 0, signal: undefined, stdout: "", stderr: "", ...answer(script) };
		},
	} as unknown as SshConnection;
	let time = 0;
	const context = {
		deployment: "d",
		owner: { store: "s", deployment: "d" },
		store,
		lease,
		records: new Records({ instances, disks }),
		desired: new Map(desired.map((instance) => [instance.name, instance])),
		connect: async () => connection,
		answers: async () => true,
		disconnect: (name: string) => void seen.disconnected.push(name),
		rendered: () => [],
		keyedDigest: (text: string) => text,
		peers: createPeers(),
		serving: new Map(),
		toldOfPeers: new Set(),
		errandResults: [],
		clock: {
			now: () => time,
			monotonic: () => time,
			sleep: async (ms: number) => {
				time += ms;
			},
		},
		emit: (event: DavitEvent) => void seen.events.push(event),
		signal: new AbortController().signal,
		...more,
	} as unknown as ApplyContext;
	return { context, seen };
}
