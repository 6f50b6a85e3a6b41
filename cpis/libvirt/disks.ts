import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Call } from "../../src/cpi/call.ts";
import { until } from "../../src/cpi/call.ts";
import type { DiskCid, DiskHint, DiskRequest } from "../../src/cpi/cpi.ts";
import { readDiskProperties } from "./cloud-properties.ts";
import { attachedDisks, type Domain } from "./domain.ts";
import { diskXml } from "./domain-xml.ts";
import { libvirtError } from "./errors.ts";
import { type Host, on } from "./host.ts";
import { cidOf, nameOf } from "./names.ts";
import { ALL, type Observed, observe, readDomain, type StoredRecord } from "./observe.ts";
import { type VolumeRecord, writeRecordCommands } from "./records.ts";
import { withFolder } from "./temporary.ts";
import { must } from "./virsh.ts";

/** The volume of a disk or snapshot, if its contents are there. */
export function volumeOf(name: string, volumes: ReadonlySet<string>): string | undefined {
	return [`${name}.qcow2`, `${name}.raw`].find((volume) => volumes.has(volume));
}

function formatOf(volume: string): "qcow2" | "raw" {
	return volume.endsWith(".raw") ? "raw" : "qcow2";
}

/** The VM that has a disk, now or after its next power-on. */
export function holderOf(name: string, domains: readonly Domain[]): Domain | undefined {
	return domains.find((domain) => attachedDisks(domain).includes(name));
}

function absent(call: Call, what: string) {
	return libvirtError("not-found", call.operation, `there is no ${what}`);
}

/** Makes an empty disk, or gives the one that this key made before. */
export async function createDisk(call: Call, host: Host, request: DiskRequest): Promise<DiskCid> {
	const { key, owner, sizeMib, metadata } = request;
	if (!Number.isInteger(sizeMib) || sizeMib <= 0)
		throw libvirtError("invalid", call.operation, `a disk of ${sizeMib} MiB can't be made`);
	const { format } = readDiskProperties(request.cloudProperties, call.operation, "the disk");
	const name = nameOf("disk", key);
	const { pool } = host.config;
	const { volumes, records } = await observe(call, host, { records: (each) => each === name });
	const stored = records.get(name);
	if (!stored || !volumeOf(name, volumes))
		await withFolder(async (folder) => {
			const record = { key, owner, sizeMib, metadata, complete: true };
			const written = stored ? [] : await writeRecordCommands(folder, pool, name, record, []);
			const made = ["vol-create-as", pool, `${name}.${format}`, `${sizeMib}MiB`, "--format", format];
			call.doing(`disk ${name} was made on host ${host.connection.host}`);
			const found = await on(call, host, [...written, made]);
			try {
				must(call, host.connection, found, /exists already/);
			} catch (error) {
				if (!stored) await deleteVolumes(call, host, name).catch(() => {});
				throw error;
			}
		});
	return cidOf({ name, host: host.config.name }) as DiskCid;
}

/** Deletes what belongs to a disk, a snapshot: its contents first, since its records lead to them. */
export async function deleteVolumes(call: Call, host: Host, name: string): Promise<void> {
	const { volumes } = await observe(call, host, {});
	const own = [...volumes].filter((volume) => volume.startsWith(`${name}.`));
	own.sort((one, other) => Number(one.endsWith(".json")) - Number(other.endsWith(".json")));
	if (own.length === 0) return;
	const { pool } = host.config;
	const found = await on(
		call,
		host,
		own.map((volume) => ["vol-delete", "--pool", pool, "--vol", volume]),
	);
	must(call, host.connection, found, /failed to get vol/);
}

export async function deleteDisk(call: Call, host: Host, name: string): Promise<void> {
	const { domains } = await observe(call, host, { domains: ALL });
	const holder = holderOf(name, domains);
	if (holder)
		throw libvirtError("invalid", call.operation, `disk ${name} is attached to VM ${holder.name}`, {
			hint: "detach it first",
		});
	await deleteVolumes(call, host, name);
}

/** Writes what changed in a disk's record. */
export async function changeRecord(
	call: Call,
	host: Host,
	name: string,
	{ record, volumes }: StoredRecord,
	change: Partial<VolumeRecord>,
): Promise<void> {
	await withFolder(async (folder) => {
		const commands = await writeRecordCommands(folder, host.config.pool, name, { ...record, ...change }, volumes);
		must(call, host.connection, (await on(call, host, commands)).slice(0, 2));
	});
}

export async function setDiskMetadata(
	call: Call,
	host: Host,
	name: string,
	metadata: Readonly<Record<string, string>>,
): Promise<void> {
	const { records } = await observe(call, host, { records: (each) => each === name });
	const stored = records.get(name);
	if (!stored) throw absent(call, `disk ${name}`);
	await changeRecord(call, host, name, stored, { metadata: { ...stored.record.metadata, ...metadata } });
}

const LETTERS = [..."abcdefghijklmnopqrstuvwxyz"];

/** The first name of a virtio disk that a VM hasn't given away. The guest may call it otherwise: it goes by the serial. */
function freeTarget({ live, kept }: Domain): string {
	const taken = new Set([...live, ...kept].map(({ target }) => target));
	return LETTERS.map((letter) => `vd${letter}`).find((target) => !taken.has(target)) ?? "vdaa";
}

function targetOf(disks: Domain["live"], name: string): string | undefined {
	return disks.find(({ volume }) => volume.startsWith(`${name}.`))?.target;
}

/** What has to be attached: to the running VM, to its definition, to both, or nothing. */
function missingScopes(domain: Domain, name: string): readonly string[] {
	const live = domain.state !== "stopped" && targetOf(domain.live, name) === undefined ? ["--live"] : [];
	return [...live, ...(targetOf(domain.kept, name) === undefined ? ["--config"] : [])];
}

function find(observed: Observed, call: Call, vm: string, disk: string) {
	const domain = observed.domains.find(({ name }) => name === vm);
	const volume = volumeOf(disk, observed.volumes);
	if (!domain) throw absent(call, `VM ${vm}`);
	if (volume === undefined) throw absent(call, `disk ${disk}`);
	return { domain, volume };
}

/** Gives a disk to a VM, running or not. */
export async function attachDisk(call: Call, host: Host, vm: string, disk: string): Promise<DiskHint> {
	const hint: DiskHint = { kind: "serial", serial: disk };
	const { pool } = host.config;
	const observed = await observe(call, host, { domains: ALL });
	const { domain, volume } = find(observed, call, vm, disk);
	const holder = holderOf(disk, observed.domains);
	if (holder && holder.name !== vm)
		throw libvirtError("invalid", call.operation, `disk ${disk} is attached to VM ${holder.name}`, {
			hint: "a disk is never in two VMs: detach it there first",
		});
	const scopes = missingScopes(domain, disk);
	if (scopes.length === 0) return hint;
	const target = targetOf([...domain.live, ...domain.kept], disk) ?? freeTarget(domain);
	await withFolder(async (folder) => {
		const file = join(folder, "disk.xml");
		await writeFile(file, diskXml({ volume, pool, target, format: formatOf(volume), serial: disk }));
		call.doing(`disk ${disk} was attached to VM ${vm}`);
		const found = await on(call, host, [["attach-device", vm, file, ...scopes]]);
		if (found[0]?.error === undefined) return;
		// Another call may have been faster.
		const now = await readDomain(call, host, vm);
		if (!now || missingScopes(now, disk).length > 0) must(call, host.connection, found);
	});
	return hint;
}

/** Takes a disk out of a VM: from the running one first, and from its definition when the guest has let go. */
export async function detachDisk(call: Call, host: Host, vm: string, disk: string): Promise<void> {
	const domain = await readDomain(call, host, vm);
	const live = targetOf(domain?.live ?? [], disk);
	const kept = targetOf(domain?.kept ?? [], disk);
	const isGone = /no target device|not found|is already in the process of unplug/i;
	if (live !== undefined) {
		call.doing(`the guest of VM ${vm} let go of disk ${disk}`);
		must(call, host.connection, await on(call, host, [["detach-disk", vm, live, "--live"]]), isGone);
		await until(call, async () => targetOf((await readDomain(call, host, vm))?.live ?? [], disk) === undefined);
	}
	if (kept !== undefined)
		must(call, host.connection, await on(call, host, [["detach-disk", vm, kept, "--config"]]), isGone);
}
