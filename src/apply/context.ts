import type { Readable } from "node:stream";
import type { BlobStore, Digest } from "../blobs/blobs.ts";
import type { Clock, Random } from "../clock.ts";
import type { CallOptions, Cpi, Owner, StemcellImage } from "../cpi/cpi.ts";
import { CpiError } from "../cpi/errors.ts";
import type { EventSink } from "../events.ts";
import type { PeerAddress } from "../machine/peer.ts";
import type { DesiredInstance } from "../plan/desired.ts";
import type { InstanceChange, InstanceName, PackageUse, Step } from "../plan/step.ts";
import type { KeyPair } from "../ssh/keys.ts";
import type { SshConnection } from "../ssh/ssh.ts";
import type { Change, DeploymentRecord, Lease, StateStore } from "../state/state.ts";
import type { AgentEndpoint } from "../stemcell/agent/endpoint.ts";
import type { AgentContact } from "../stemcell/agent/first-contact.ts";
import type { StemcellName } from "../stemcell/stemcell.ts";
import type { RenderedJob } from "../template/render.ts";
import type { Naming } from "./naming.ts";
import type { Peers } from "./peers.ts";
import { problemsOf } from "./problems-of.ts";
import type { Records } from "./records.ts";
import type { Task } from "./task.ts";

/** How a new VM is entered: one login key for the deployment. */
export interface Login {
	readonly user: string;
	readonly privateKey: string;
	readonly publicKey: string;
}

/** What one errand gave on one instance. */
export interface ErrandResult {
	readonly instance: InstanceName;
	readonly job: string;
	readonly exitCode: number;
	readonly stdout: string;
	readonly stderr: string;
}

/** Lines go to a file; the last ones are kept at hand. */
export interface LogFile {
	readonly path: string;
	line(text: string): void;
	tail(): string;
	close(): Promise<void>;
}

/** The agents of BOSH stemcells, of which each is spoken with once: to make first contact with its VM. */
export interface Agents {
	/** A new endpoint for the VM with this key, and the same sealed for the records. */
	make(vmKey: string): Promise<{ readonly endpoint: AgentEndpoint; readonly sealed: string }>;
	/** Waits for the agent of the instance's VM. Safe to repeat. */
	firstContact(
		instance: InstanceName,
		options: { readonly signal: AbortSignal; readonly step: Step },
	): Promise<AgentContact>;
	/** Makes what stood in user data worthless. Safe to repeat. */
	retire(instance: InstanceName, options: { readonly signal: AbortSignal }): Promise<void>;
}

/** Everything that steps work with. Made once a command, by the composition root. */
export interface ApplyContext {
	readonly deployment: string;
	readonly owner: Owner;
	readonly store: StateStore;
	readonly lease: Lease;
	readonly records: Records;
	readonly desired: ReadonlyMap<InstanceName, DesiredInstance>;
	readonly cpi: (name: string) => Cpi;
	/** The image behind a stemcell: a reference, or a file to bring to the cloud. */
	readonly stemcellImage: (stemcell: StemcellName, cpi: string) => Pick<StemcellImage, "cloudProperties" | "open">;
	readonly login: Login;
	readonly agents: Agents;
	/** The kept connection to an instance's VM; waits for first contact when `boot` is true. */
	readonly connect: (
		instance: InstanceName,
		options: { signal: AbortSignal; boot?: boolean; step?: Step },
	) => Promise<SshConnection>;
	readonly blobs: BlobStore;
	readonly openPackage: (use: PackageUse) => Promise<Readable>;
	/** The blob of a package that a release brings compiled. */
	readonly blobOf: (use: PackageUse) => Digest | undefined;
	/** Instances whose VMs could not fetch a package themselves. Filled by steps that bring packages. */
	readonly cannotFetch: Set<InstanceName>;
	readonly peers: Peers;
	/** VMs that may be left with what peers need, in this run; resolved once that is journaled. */
	readonly serving: Map<InstanceName, Promise<void>>;
	/** Instances whose VMs could not fetch a package from another one, and that is told. */
	readonly toldOfPeers: Set<InstanceName>;
	/** What VMs read packages from each other with, in this run. */
	readonly peerKey: () => KeyPair;
	/** Where an instance's VM is for another one: its private address. Undefined: it has none that davit knows. */
	readonly peerAddress: (
		peer: InstanceName,
		of: InstanceName,
	) => (PeerAddress & { readonly network: string }) | undefined;
	/** Rendered jobs of an instance, in manifest order; renders what isn't yet. */
	readonly rendered: (instance: InstanceName) => readonly RenderedJob[];
	readonly render: (instances: readonly InstanceName[], signal: AbortSignal) => Promise<void>;
	readonly makeVariables: (
		names: readonly string[],
		signal: AbortSignal,
		progress: (text: string) => void,
	) => Promise<void>;
	/** Keyed digest, for what holds secrets. */
	readonly keyedDigest: (text: string) => string;
	/** Digest of all that a job's rendering depends on; all its variables are known by now. */
	readonly inputOf: (instance: InstanceName, job: string) => string;
	readonly deploymentRecord: () => DeploymentRecord;
	readonly supervisorTable: (instance: InstanceName) => string;
	readonly bootstrapScript: (instance: InstanceName) => string;
	/** A script that prints the end of the logs behind a process. */
	readonly lastLogLines: (process: string) => string;
	/** True if the VM can be reached right now. */
	readonly answers: (instance: InstanceName) => Promise<boolean>;
	/** Forgets the kept connection: the VM is another, or its host key is. */
	readonly disconnect: (instance: InstanceName) => void;
	/** The same of the VM that is made to take the place of an instance's. */
	readonly ofNextVm: Pick<
		ApplyContext,
		"records" | "agents" | "connect" | "answers" | "disconnect" | "bootstrapScript"
	>;
	/** A log file on this machine, for what is too long to show. */
	readonly openLog: (name: string) => Promise<LogFile>;
	/** Why the plan that is being applied changes an instance. */
	readonly reasons?: (instance: InstanceName) => InstanceChange["reasons"];
	/** Of the plan that is being applied. */
	readonly naming?: Naming;
	/** `user@host`, for events. */
	readonly actor: string;
	readonly task: Task;
	/** Filled by errand steps. */
	readonly errandResults: ErrandResult[];
	readonly clock: Clock;
	readonly random: Random;
	readonly emit: EventSink;
	readonly signal: AbortSignal;
	/** As `Telling` has it. */
	readonly silentMs?: number | undefined;
}

/** Deadlines of CPI verbs in ms (the design's table). */
const DEADLINES = { createVm: 30 * 60_000, createDisk: 10 * 60_000, other: 10 * 60_000 };

/** Options for a CPI call within a step. */
export function callOptions(
	context: Pick<ApplyContext, "signal" | "lease">,
	verb: "createVm" | "createDisk" | "other" = "other",
): CallOptions {
	return { signal: AbortSignal.any([context.signal, context.lease.signal]), deadlineMs: DEADLINES[verb] };
}

/**
 * One outside effect: its intent is journaled before, its result and the changes that it means after, in one transaction. The lease is
 * checked between the two, so that a run that slept past it does nothing more. An intent is closed only by a result or by the cloud's plain
 * refusal: after a lost connection or an abort nobody knows what was made, so it stays open and the next run looks for it.
 */
export async function effect<T>(
	context: Pick<ApplyContext, "store" | "lease">,
	intent: {
		readonly verb: string;
		readonly key: string;
		readonly data?: Readonly<Record<string, unknown>>;
		/** Of an earlier run, which had begun the same and never heard its end. */
		readonly begun?: number;
	},
	work: () => Promise<T>,
	changes: (result: T) => readonly Change[],
): Promise<T> {
	const { store, lease } = context;
	const { verb, key, data = {} } = intent;
	const id = intent.begun ?? (await store.begin(lease.fence, { verb, key, data }));
	lease.check();
	const result = await work().catch(async (error: unknown) => {
		if (isRefusal(error))
			await store.finish(lease.fence, id, { ok: false, problems: problemsOf(error, undefined) ?? [] }, []);
		throw error;
	});
	await store.finish(lease.fence, id, { ok: true, result: {} }, changes(result));
	return result;
}

/** The cloud has looked at the call and said no. */
function isRefusal(error: unknown): boolean {
	return error instanceof CpiError && error.kind !== "unavailable";
}
