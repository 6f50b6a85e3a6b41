import type { Login } from "../../apply/context.ts";
import { Records } from "../../apply/records.ts";
import { settleIntents } from "../../apply/resume.ts";
import { createTask, type Task } from "../../apply/task.ts";
import type { BlobStore } from "../../blobs/blobs.ts";
import { canonicalJson } from "../../digest.ts";
import type { SqliteStore } from "../../state/sqlite.ts";
import type { DeploymentRecord, Lease } from "../../state/state.ts";
import { type Key, keyedDigest } from "../../variables/key.ts";
import type { CliContext } from "../command.ts";
import { type Cpis, openCpis } from "./cpis.ts";
import { ensureLogin } from "./login.ts";
import { type AllMachines, openMachines } from "./machines.ts";
import type { Inputs } from "./manifest.ts";
import { openPackageBlobs } from "./package-blobs.ts";
import { openBlobs } from "./releases.ts";
import { refuseSharedVms } from "./shared-vms.ts";
import { actor, holderName, openKey } from "./store.ts";

/** All that a command which changes a deployment has at hand while it holds the lease. */
export interface DeploymentRun {
	readonly context: CliContext;
	readonly inputs: Inputs;
	readonly store: SqliteStore;
	readonly key: Key;
	readonly lease: Lease;
	readonly task: Task;
	readonly records: Records;
	/** As it was recorded when the run began. */
	readonly former: DeploymentRecord | undefined;
	/** Keyed digest of manifest and cloud as they are now. */
	readonly inputsDigest: string;
	readonly login: Login;
	readonly cpis: Cpis;
	readonly machines: AllMachines;
	/** In davit's home: what releases are made of. */
	readonly blobs: BlobStore;
	readonly packageBlobs: BlobStore;
}

/** Takes the lease of the deployment, settles what an earlier run left open, and gives all to `work`. */
export async function withRun<T>(
	verb: string,
	inputsWith: (key: Key) => Inputs,
	store: SqliteStore,
	context: CliContext,
	work: (run: DeploymentRun) => Promise<T>,
): Promise<T> {
	const key = await openKey(context, store);
	const inputs = inputsWith(key);
	const { name } = inputs.deployment;
	const lease = await store.acquire(name, holderName(verb));
	const ending: (() => Promise<void> | void)[] = [() => lease.release()];
	const task = createTask({ command: verb, actor: actor(), store, lease, clock: context.clock });
	let failure: unknown;
	ending.unshift(() => task.end(failure));
	try {
		const { deployment: former, ...recorded } = await store.read(name);
		refuseSharedVms(recorded.instances);
		const records = new Records(recorded);
		const login = await ensureLogin(lease, store, key, context);
		const owner = { store: store.uuid, deployment: name };
		const cpis = await openCpis(inputs.cloud, context);
		ending.unshift(() => cpis.close());
		const signal = AbortSignal.any([context.signal, lease.signal]);
		const { machines, close } = await openMachines(
			{ records, cloud: inputs.cloud, cpi: cpis.get, owner, login },
			{ ...context, signal },
		);
		ending.unshift(close);
		await settleIntents(recorded.openIntents, {
			deployment: name,
			store,
			lease,
			records,
			cpi: cpis.get,
			options: { signal, deadlineMs: 600_000 },
			now: context.clock.now,
		});
		const blobs = await openBlobs(context);
		const packageBlobs = await openPackageBlobs(blobs, { ...context, signal });
		const inputsDigest = keyedDigest(key, canonicalJson({ manifest: inputs.manifestValue, cloud: inputs.cloudValue }));
		return await work({
			context: { ...context, signal },
			inputs,
			store,
			key,
			lease,
			task,
			records,
			former,
			inputsDigest,
			login,
			cpis,
			machines,
			blobs,
			packageBlobs,
		});
	} catch (error) {
		failure = error;
		throw error;
	} finally {
		for (const end of ending) await end();
	}
}
