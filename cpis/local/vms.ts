import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Call } from "../../src/cpi/call.ts";
import type { CreatedVm, GuestSeed, VmCid, VmRequest } from "../../src/cpi/cpi.ts";
import { etcFiles, hostName, isAccountName } from "./accounts.ts";
import { planInterfaces } from "./addresses.ts";
import { attachedDisks, readDisk, writeDisk } from "./disk-record.ts";
import { localError } from "./errors.ts";
import { makeFolder, networkId, readRecord, writeInside } from "./folders.ts";
import { locked } from "./lock.ts";
import type { Machine } from "./machine.ts";
import { ensureNetwork, type NetworkRecord, networkFolder, removeNetwork } from "./network.ts";
import { powerOff, powerOn } from "./power.ts";
import { resourcesOf, takenByVm, withinQuota } from "./quota.ts";
import { removeFolder } from "./remove-folder.ts";
import { readVm, readVms, sameOwner, type VmRecord, vmCid, vmFolder, vmProcesses, writeVm } from "./vm-record.ts";

const REBOOT_GRACE_MS = 10_000;

function created(vm: VmRecord): CreatedVm {
	return { cid: vm.cid, ips: Object.fromEntries(vm.interfaces.map(({ network, ip }) => [network, ip])) };
}

type SeededRequest = VmRequest & { readonly seed: GuestSeed };

function isSeeded(request: VmRequest): request is SeededRequest {
	return !("agent" in request.seed);
}

/** Claims the addresses by writing the record. Under the VM's and the network's lock. */
async function claim(call: Call, machine: Machine, request: SeededRequest): Promise<VmRecord> {
	const cid = vmCid(request.key);
	const others = readVms(machine).filter((vm) => vm.cid !== cid && sameOwner(vm.owner, request.owner));
	const taken = new Map(others.flatMap((vm) => vm.interfaces.map(({ ip }) => [ip, `${vm.name} (${vm.cid})`] as const)));
	const interfaces = planInterfaces(request.networks, taken);
	const resources = resourcesOf({ kind: "vm", cloudProperties: request.cloudProperties });
	const vm: VmRecord = {
		cid,
		key: request.key,
		owner: request.owner,
		name: request.name,
		interfaces,
		hostname: hostName(request.seed.hostname),
		ids: "one",
		complete: false,
		metadata: request.metadata,
		...(resources ? { resources } : {}),
	};
	// First: whoever is killed in the next line leaves a VM that `list` tells of, and whose end takes the network along.
	await withinQuota(call, machine, { name: request.name, takes: takenByVm(resources), vm: cid }, () =>
		makeFolder(vmFolder(machine, cid), "vm.json", vm),
	);
	await ensureNetwork(call, machine, request.owner);
	const network = readRecord<NetworkRecord>(join(networkFolder(machine, request.owner), "network.json"));
	const claimed = { ...vm, ids: network?.ids ?? vm.ids };
	// Who slept meanwhile must not bring back what another has taken away.
	call.check();
	writeVm(machine, claimed);
	return claimed;
}

/** What the first boot puts in the VM; gone after it, the host key with it. */
function writeSeed(machine: Machine, vm: VmRecord, { seed }: SeededRequest): void {
	const folder = join(vmFolder(machine, vm.cid), "seed");
	rmSync(folder, { recursive: true, force: true });
	for (const made of ["", "etc", "ssh"]) mkdirSync(join(folder, made), { mode: 0o700 });
	const ended = (text: string) => `${text.trimEnd()}\n`;
	for (const [name, text] of etcFiles(seed, vm.interfaces, vm.ids)) writeInside(join(folder, "etc", name), text);
	writeInside(join(folder, "ssh/ssh_host_ed25519_key"), ended(seed.hostKey.privateKey));
	writeInside(join(folder, "ssh/ssh_host_ed25519_key.pub"), ended(seed.hostKey.publicKey));
	writeInside(join(folder, "authorized_keys"), seed.authorizedKeys.map(ended).join(""));
	writeInside(join(folder, "login"), seed.loginUser);
}

/** Makes and boots a VM, or gives the one that this key made before. Under the VM's lock. */
export async function createVm(call: Call, machine: Machine, request: VmRequest): Promise<CreatedVm> {
	if (!isSeeded(request)) throw localError("unsupported", "createVm", "embedded VMs have no BOSH agent");
	if (!isAccountName(request.seed.loginUser))
		throw localError("invalid", "createVm", `${JSON.stringify(request.seed.loginUser)} can't be a login user's name`);
	const before = readVm(machine, vmCid(request.key));
	if (before?.complete && vmProcesses(machine, before.cid)) return created(before);
	if (before) await powerOff(call, machine, before, 0);
	if (before?.complete) {
		await powerOn(call, machine, before);
		return created(before);
	}
	try {
		const vm = await locked(call, machine.folder, ["network", networkId(request.owner)], (held) =>
			claim(held, machine, request),
		);
		writeSeed(machine, vm, request);
		await powerOn(call, machine, vm);
		call.check();
		writeVm(machine, { ...vm, complete: true });
		return created(vm);
	} catch (error) {
		// After an abort it stays for `find`: there is no time left to clear it away.
		if (!call.signal.aborted) await deleteVm(call, machine, vmCid(request.key)).catch(() => {});
		throw error;
	}
}

/** Ends the VM and frees all that it had; its disks stay. Under the VM's lock. */
export async function deleteVm(call: Call, machine: Machine, cid: VmCid): Promise<void> {
	const vm = readVm(machine, cid);
	if (!vm) return;
	await powerOff(call, machine, vm, 0);
	for (const { cid: disk } of attachedDisks(machine, cid)) {
		const record = readDisk(machine, disk);
		if (record) {
			const { attached: _, ...detached } = record;
			writeDisk(machine, detached);
		}
	}
	await locked(call, machine.folder, ["network", networkId(vm.owner)], async (held) => {
		held.doing(`the files of ${vm.name} (${cid}) were removed`);
		await removeFolder(held, machine, vm.ids, vmFolder(machine, cid), "vm.json");
		if (!readVms(machine).some(({ owner }) => sameOwner(owner, vm.owner))) await removeNetwork(held, machine, vm.owner);
	});
}

/** Restarts a VM, or powers it on; its disks are mounted again. Under the VM's lock. */
export async function rebootVm(call: Call, machine: Machine, cid: VmCid): Promise<void> {
	const vm = readVm(machine, cid);
	if (!vm) throw localError("not-found", "rebootVm", `there is no VM ${cid}`);
	await powerOff(call, machine, vm, REBOOT_GRACE_MS);
	await powerOn(call, machine, vm);
}
