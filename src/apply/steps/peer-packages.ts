import { type Problem, UserError, warning } from "../../errors.ts";
import type { PackageBits } from "../../machine/package.ts";
import {
	endServingScript,
	fetchFromPeerScript,
	NO_ROUTE_EXIT,
	NO_SSH_EXIT,
	servePackageScript,
} from "../../machine/peer.ts";
import type { PeerArchive } from "../../machine/peer-archive.ts";
import type { InstanceName } from "../../plan/step.ts";
import { SshError } from "../../ssh/errors.ts";
import { type ApplyContext, callOptions } from "../context.ts";
import type { TransferFault } from "../peers.ts";
import { lastLines, runScript } from "../run-script.ts";

/** An intent that is open for as long as a VM may serve packages. */
export const SERVE = "servePackages";

/** Journals, once a run, that the instance's VM may be left with archives and a key that reads them. */
export async function openServing(instance: InstanceName, context: ApplyContext): Promise<void> {
	const { serving, records, store, lease } = context;
	const key = records.get(instance).vm?.cid;
	if (key === undefined || serving.has(instance)) return serving.get(instance);
	const begun = store.begin(lease.fence, { verb: SERVE, key, data: { instance } }).then(() => {});
	serving.set(instance, begun);
	return begun;
}

/** Has one VM fetch a package from another. What stood in the way is told once for each VM. */
export async function fetchFromPeer(
	instance: InstanceName,
	peer: InstanceName,
	archive: PackageBits & PeerArchive,
	context: ApplyContext,
): Promise<TransferFault | undefined> {
	const address = context.peerAddress(peer, instance);
	if (!address || !(await serves(peer, archive, address.user, context))) return "archive";
	await openServing(instance, context);
	const { code, stderr } = await runScript(
		context,
		{ instance },
		fetchFromPeerScript(archive, archive, address),
		"package-not-fetched",
		{ stdin: async () => context.peerKey().privateKey, anyExitCode: true },
	);
	if (code === 0) return undefined;
	if (!context.toldOfPeers.has(instance))
		context.emit({ type: "problem", problem: notFetched(instance, peer, archive.name, lastLines(stderr, 1)) });
	context.toldOfPeers.add(instance);
	return code === NO_SSH_EXIT ? "instance" : code === NO_ROUTE_EXIT ? "network" : "peer";
}

/** False: it can't, as when what it has makes another archive. */
async function serves(
	peer: InstanceName,
	archive: PackageBits & PeerArchive,
	user: string,
	context: ApplyContext,
): Promise<boolean> {
	await openServing(peer, context);
	const { publicKey } = context.peerKey();
	const script = servePackageScript(archive, archive, { user, publicKey });
	try {
		const { code } = await runScript(context, { instance: peer }, script, "package-not-served", { anyExitCode: true });
		return code === 0;
	} catch (error) {
		return goesOnWithout(error, context);
	}
}

function notFetched(instance: InstanceName, peer: InstanceName, name: string, why: string): Problem {
	return warning(
		"package-not-from-peer",
		`${instance} could not fetch package ${name} from ${peer}, and gets it another way: ${why}`,
		{
			hint: "if VMs of one AZ may not reach each other's SSH port, or have no ssh, that is all; else look at that VM",
		},
	);
}

/**
 * Takes from VMs what peers needed: archives, and the key's line. Those of a run that was cut short as well: their intents are open. A VM that does
 * not answer keeps its intent for the next run; its key is worth nothing after an hour.
 */
export async function endServing(context: ApplyContext): Promise<void> {
	const { store, lease, records, deployment } = context;
	const { openIntents } = await store.read(deployment);
	const own = openIntents.filter(({ verb }) => verb === SERVE);
	await Promise.all(
		[...Map.groupBy(own, ({ data }) => data.instance as InstanceName)].map(async ([instance, intents]) => {
			const cid = records.find(instance)?.vm?.cid;
			if (intents.some(({ key }) => key === cid) && !(await cleared(instance, context))) return;
			for (const { id } of intents) await store.finish(lease.fence, id, { ok: true, result: {} }, []);
		}),
	);
}

async function cleared(instance: InstanceName, context: ApplyContext): Promise<boolean> {
	const address = context.peerAddress(instance, instance);
	if (!address) return true;
	try {
		await runScript(context, { instance }, endServingScript(address.user), "peer-not-cleared");
		return true;
	} catch (error) {
		goesOnWithout(error, context);
		const why = lastLines((error as Error).message, 1);
		const message = `archives of packages that ${instance} kept for other VMs could not be removed: ${why}`;
		const hint = "the next deploy tries it again; nobody can read them any more an hour from now";
		context.emit({ type: "problem", problem: warning("peer-not-cleared", message, { hint }) });
		return false;
	}
}

/** A VM that can't be reached, or is no more, is no reason to end; an interruption and a newer run are. */
function goesOnWithout(error: unknown, context: ApplyContext): false {
	callOptions(context).signal.throwIfAborted();
	if (error instanceof SshError || (error instanceof UserError && error.exitCode === 1)) return false;
	throw error;
}
