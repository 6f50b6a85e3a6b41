import { join, posix } from "node:path";
import type { Call } from "../../src/cpi/call.ts";
import type { DiskCid, DiskHint, DiskRequest, VmCid } from "../../src/cpi/cpi.ts";
import { type DiskRecord, diskCid, diskFolder, readDisk, writeDisk } from "./disk-record.ts";
import { localError } from "./errors.ts";
import { makeFolder } from "./folders.ts";
import type { Machine } from "./machine.ts";
import { withinQuota } from "./quota.ts";
import { removeFolder } from "./remove-folder.ts";
import { run } from "./run.ts";
import { guestRuntime } from "./runtime.ts";
import { readVm, type VmRecord, vmFolder, vmProcesses } from "./vm-record.ts";

function need<Found>(found: Found | undefined, operation: string, what: string): Found {
	if (found === undefined) throw localError("not-found", operation, `there is no ${what}`);
	return found;
}

/** Makes an empty disk, or gives the one that this key made before. Under the disk's lock. */
export async function createDisk(call: Call, machine: Machine, request: DiskRequest): Promise<DiskCid> {
	const cid = diskCid(request.key);
	if (!Number.isInteger(request.sizeMib) || request.sizeMib <= 0)
		throw localError("invalid", "createDisk", `a disk of ${request.sizeMib} MiB can't be made`);
	if (readDisk(machine, cid)) return cid;
	const { key, owner, sizeMib, metadata } = request;
	const record: DiskRecord = { cid, key, owner, sizeMib, metadata };
	const takes = [
		{ resource: "disks", amount: 1 },
		{ resource: "disk", amount: sizeMib },
	] as const;
	await withinQuota(call, machine, { name: "a disk", takes }, () =>
		makeFolder(diskFolder(machine, cid), "disk.json", record, { name: "data", mode: 0o755 }),
	);
	return cid;
}

/** The size is only kept: a folder takes what it needs. Smaller is refused, as on clouds. */
export async function resizeDisk(call: Call, machine: Machine, disk: DiskRecord, sizeMib: number): Promise<void> {
	if (!Number.isInteger(sizeMib) || sizeMib < disk.sizeMib)
		throw localError("invalid", "resizeDisk", `disk ${disk.cid} of ${disk.sizeMib} MiB can't become ${sizeMib} MiB`);
	const takes = [{ resource: "disk", amount: sizeMib - disk.sizeMib }] as const;
	await withinQuota(call, machine, { name: `disk ${disk.cid}`, takes }, () => writeDisk(machine, { ...disk, sizeMib }));
}

/** Under the disk's lock. */
export async function deleteDisk(call: Call, machine: Machine, cid: DiskCid): Promise<void> {
	const disk = readDisk(machine, cid);
	if (!disk) return;
	if (disk.attached)
		throw localError("invalid", call.operation, `disk ${cid} is attached to VM ${disk.attached.vm}`, {
			hint: "detach it first",
		});
	await removeFolder(call, machine, disk.ids ?? "one", diskFolder(machine, cid), "disk.json");
}

/** Runs a program of the guest runtime in the mount namespace from which the VM gets its disks. */
async function runBesideVm(call: Call, monitor: number, argv: readonly string[]): Promise<void> {
	const inside = ["nsenter", `--target=${monitor}`, "--user", "--mount", "--preserve-credentials", "--"];
	const { code, output } = await run(call, [...inside, ...argv]);
	if (code !== 0)
		throw localError("unavailable", call.operation, output || `${argv[0]} failed with ${code}`, {
			retryable: /busy/.test(output),
		});
}

function refuseOtherIds(disk: DiskRecord, vm: VmRecord): void {
	if (disk.ids !== undefined && disk.ids !== vm.ids)
		throw localError(
			"invalid",
			"attachDisk",
			`the files on disk ${disk.cid} belong to ids that VM ${vm.name} hasn't (${disk.ids}, ${vm.ids})`,
			{
				hint: 'set the CPI property "ids" to what the disk was made with, or copy its contents',
			},
		);
}

/** Mounts a disk in a VM, at once or when it is powered on. Under the locks of both. */
export async function attachDisk(
	call: Call,
	machine: Machine,
	{ vm: vmCid, disk: diskCid, mountPoint }: { vm: VmCid; disk: DiskCid; mountPoint: string },
): Promise<DiskHint> {
	const vm = need(readVm(machine, vmCid), "attachDisk", `VM ${vmCid}`);
	const disk = need(readDisk(machine, diskCid), "attachDisk", `disk ${diskCid}`);
	if (disk.attached && disk.attached.vm !== vmCid)
		throw localError("invalid", "attachDisk", `disk ${diskCid} is attached to VM ${disk.attached.vm}`, {
			hint: "a disk is never in two VMs: detach it there first",
		});
	const path = disk.attached?.mountPoint ?? mountPoint;
	if (!posix.isAbsolute(path) || posix.normalize(path) !== path || path === "/" || /[\n\t]/.test(path))
		throw localError("invalid", "attachDisk", `${JSON.stringify(path)} is no place for a disk`);
	refuseOtherIds(disk, vm);
	writeDisk(machine, { ...disk, ids: vm.ids, attached: { vm: vmCid, mountPoint: path } });
	const running = vmProcesses(machine, vmCid);
	if (running) {
		const script = join(await guestRuntime(call, machine.folder), "attach.sh");
		const argv = [
			script,
			join(vmFolder(machine, vmCid), "root"),
			diskFolder(machine, diskCid),
			path,
			`${running.first.pid}`,
		];
		try {
			await runBesideVm(call, running.monitor.pid, argv);
		} catch (error) {
			if (!disk.attached) writeDisk(machine, disk);
			throw error;
		}
	}
	return { kind: "mounted", path };
}

/** Takes a disk out of a VM. Refused while something there uses it. Under the locks of both. */
export async function detachDisk(call: Call, machine: Machine, vm: VmCid, cid: DiskCid): Promise<void> {
	const disk = readDisk(machine, cid);
	if (disk?.attached?.vm !== vm) return;
	const running = vmProcesses(machine, vm);
	if (running) {
		const target = join(vmFolder(machine, vm), "root", disk.attached.mountPoint);
		const script = 'mountpoint -q -- "$1" || exit 0; exec umount -- "$1"';
		await runBesideVm(call, running.monitor.pid, ["bash", "-c", script, "detach", target]);
	}
	const { attached: _, ...detached } = disk;
	writeDisk(machine, detached);
}
