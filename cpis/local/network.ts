import { closeSync, lstatSync, mkdirSync, openSync, readlinkSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Call } from "../../src/cpi/call.ts";
import type { Owner } from "../../src/cpi/cpi.ts";
import type { Ids } from "./config.ts";
import { localError } from "./errors.ts";
import { networkId, readRecord, shortDigest, writeRecord } from "./folders.ts";
import { chooseIds, idFacts } from "./ids.ts";
import type { Machine } from "./machine.ts";
import { startAsRoot } from "./namespaces.ts";
import { isAlive, type ProcessId, readProcesses, signalProcess } from "./processes.ts";
import { guestRuntime } from "./runtime.ts";
import { until } from "./until.ts";

/** sun_path of unix(7) holds 107 bytes; some programs want a few for themselves. */
const LONGEST_SOCKET_PATH = 100;

export interface NetworkRecord {
	readonly owner: Owner;
	/** Stays the same while the deployment has VMs: files in them belong to these ids. */
	readonly ids: Ids;
}

export function networkFolder(machine: Machine, owner: Owner): string {
	return join(machine.folder, "networks", networkId(owner));
}

function networkHolder(machine: Machine, owner: Owner): ProcessId | undefined {
	const [holder] = readProcesses(join(networkFolder(machine, owner), "process"));
	return holder && isAlive(holder) ? holder : undefined;
}

/**
 * Where a deployment's gateway listens. A path that is too long for a socket is reached through a link in a folder
 * of this user's alone, made here when it is missing.
 */
export function gatewaySocket(machine: Machine, owner: Owner): string {
	const folder = networkFolder(machine, owner);
	const socket = join(folder, "gateway.sock");
	if (Buffer.byteLength(socket) <= LONGEST_SOCKET_PATH) return socket;
	const links = join(tmpdir(), `davit-${process.getuid?.()}`);
	mkdirSync(links, { recursive: true, mode: 0o700 });
	const { uid, mode } = statSync(links);
	if (uid !== process.getuid?.() || (mode & 0o077) !== 0 || lstatSync(links).isSymbolicLink())
		throw localError("invalid", "info", `${links} isn't a folder of this user's alone`, { hint: `remove ${links}` });
	const link = join(links, shortDigest(folder));
	try {
		symlinkSync(folder, link);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== "EEXIST" || readlinkSync(link) !== folder) throw error;
	}
	return join(link, "gateway.sock");
}

/** Makes the deployment's network if it isn't there, with the gateway in it. Under the network's lock. */
export async function ensureNetwork(call: Call, machine: Machine, owner: Owner): Promise<ProcessId> {
	const alive = networkHolder(machine, owner);
	if (alive) return alive;
	const folder = networkFolder(machine, owner);
	const guest = await guestRuntime(call, machine.folder);
	const kept = readRecord<NetworkRecord>(join(folder, "network.json"));
	const maps = chooseIds(idFacts(), kept?.ids ?? machine.ids);
	if (kept && kept.ids !== maps.ids)
		throw localError("invalid", call.operation, `the VMs of ${owner.deployment} were made with ${kept.ids} ids`, {
			hint: `what allowed that is missing now (newuidmap and /etc/subuid for "range"): bring it back`,
		});
	mkdirSync(folder, { recursive: true, mode: 0o700 });
	writeRecord(join(folder, "network.json"), { owner, ids: maps.ids } satisfies NetworkRecord);
	call.doing("the deployment's network was made");
	const log = openSync(join(folder, "log"), "a", 0o600);
	try {
		const argv = [join(guest, "network.sh"), folder, guest];
		const flags = ["--net", "--mount"];
		const started = await startAsRoot(call, { unshare: machine.unshare, flags, maps, argv, log });
		const said = await started.nextLine();
		started.leave();
		const [holder] = readProcesses(join(folder, "process"));
		if (said !== "up" || !holder || !isAlive(holder))
			throw localError("unavailable", call.operation, `the network of ${owner.deployment} could not be made`, {
				hint: `see ${join(folder, "log")}`,
				retryable: false,
			});
		return holder;
	} finally {
		closeSync(log);
	}
}

/** Ends a deployment's network. Under its lock, when no VM of the deployment is left. */
export async function removeNetwork(call: Call, machine: Machine, owner: Owner): Promise<void> {
	const folder = networkFolder(machine, owner);
	const [holder] = readProcesses(join(folder, "process"));
	if (holder) {
		signalProcess(holder, "SIGTERM");
		call.doing("the deployment's gateway ended");
		await until(call, () => !isAlive(holder), 3_000);
		signalProcess(holder, "SIGKILL");
		await until(call, () => !isAlive(holder));
	}
	rmSync(folder, { recursive: true, force: true });
	rmSync(join(tmpdir(), `davit-${process.getuid?.()}`, shortDigest(folder)), { force: true });
}
