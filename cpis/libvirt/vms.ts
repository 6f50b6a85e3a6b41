import { writeFile } from "node:fs/promises";
import type { Call } from "../../src/cpi/call.ts";
import { until } from "../../src/cpi/call.ts";
import type { CreatedVm, VmCid, VmRequest } from "../../src/cpi/cpi.ts";
import { isAccountName } from "../../src/cpi/user-data.ts";
import { readVmProperties, type VmProperties } from "./cloud-properties.ts";
import { type Domain, EPHEMERAL, setRecordArguments, type VmRecord } from "./domain.ts";
import { type DiskPlan, domainXml } from "./domain-xml.ts";
import { libvirtError } from "./errors.ts";
import { type Host, on } from "./host.ts";
import { freeCommands, leaseCommand, type ManagedNetwork, readNetworks, waitForAddresses } from "./leases.ts";
import { cidOf, macOf, nameOf, uuidOf, vmVolumes } from "./names.ts";
import { type Nic, planNics } from "./nics.ts";
import { ALL, observe, readDomain } from "./observe.ts";
import type { VolumeRecord } from "./records.ts";
import { configDrive, seedImage } from "./seed.ts";
import { withFolder } from "./temporary.ts";
import { type Command, must } from "./virsh.ts";

export interface VmSettings {
	readonly consoleLog: boolean;
	readonly rebootGraceMs: number;
}

/** Another call with the same key was faster, or an earlier one was cut off. */
const EXISTS = /exists already|already exists|existing dhcp host entry/;
const ABSENT = /failed to get (vol|domain|network)/;

function created(host: Host, name: string, { nics, ephemeral }: VmRecord): CreatedVm {
	const ips = nics.flatMap(({ network, ip }) => (ip === undefined ? [] : [[network, ip] as const]));
	const cid = cidOf({ name, host: host.config.name }) as VmCid;
	return { cid, ips: Object.fromEntries(ips), ...(ephemeral ? { ephemeralDisk: EPHEMERAL } : {}) };
}

/** Who has an address: for the message, and for networks where nobody else keeps count. */
function refuseTaken(
	domains: readonly Domain[],
	networks: readonly ManagedNetwork[],
	name: string,
	nics: readonly Nic[],
) {
	const own = new Set(nics.map(({ mac }) => mac));
	for (const { network, ip, source } of nics) {
		if (ip === undefined) continue;
		const holder = domains.find((domain) => domain.name !== name && domain.record.nics.some((nic) => nic.ip === ip));
		const lease = networks
			.find((each) => source.type === "network" && each.name === source.name)
			?.leases.find((each) => each.ip === ip && !own.has(each.mac));
		if (!holder && !lease) continue;
		const whose = holder ? `the address of ${holder.record.name} (${holder.name})` : `kept for ${lease?.mac}`;
		throw libvirtError("invalid", "createVm", `network ${network}: ${ip} is ${whose}`, {
			hint: "choose another address, or delete what has it",
		});
	}
}

function imageOf(record: VolumeRecord | undefined, host: Host, request: VmRequest): NonNullable<VolumeRecord["image"]> {
	if (record?.complete && record.image) return record.image;
	const what = record ? "did not arrive whole on" : "isn't on";
	throw libvirtError("invalid", "createVm", `stemcell ${request.stemcell} ${what} host ${host.connection.host}`, {
		hint: "the host has lost it, or was named later: deploy again, or name only hosts that have it",
	});
}

interface VmPlan {
	readonly name: string;
	readonly nics: readonly Nic[];
	readonly record: VmRecord;
	readonly properties: VmProperties;
	readonly image: NonNullable<VolumeRecord["image"]>;
}

function disksOf({ name, properties }: VmPlan, pool: string): readonly DiskPlan[] {
	const volumes = vmVolumes(name);
	const root = { volume: volumes.root, format: "qcow2", serial: "davit-root" } as const;
	const ephemeral = { volume: volumes.ephemeral, format: "qcow2", serial: EPHEMERAL.serial } as const;
	const seed = { volume: volumes.seed, format: "raw", serial: "davit-seed", readOnly: true } as const;
	const all = [root, ...(properties.ephemeral_disk > 0 ? [ephemeral] : []), seed];
	return all.map((disk, index) => ({ ...disk, pool, target: `vd${"abc"[index]}` }));
}

async function domainOf(call: Call, host: Host, plan: VmPlan, key: string, { consoleLog }: VmSettings) {
	const { type, arch, machine, poolPath } = await host.facts(call);
	const { cpus, memory, firmware = arch === "aarch64" ? "efi" : "bios" } = plan.properties;
	return domainXml({
		name: plan.name,
		uuid: uuidOf(key),
		record: plan.record,
		type,
		machine,
		firmware,
		cpus,
		memoryMib: memory,
		disks: disksOf(plan, host.config.pool),
		nics: plan.nics,
		consoleLog: consoleLog ? `${poolPath}/${vmVolumes(plan.name).console}` : undefined,
	});
}

function volumeCommands({ name, properties, image }: VmPlan, pool: string, seedBytes: number): readonly Command[] {
	const volumes = vmVolumes(name);
	const asked = (properties.root_disk?.size ?? 0) * 2 ** 20;
	const size = `${Math.max(asked, image.virtualBytes)}B`;
	const overlay = ["--format", "qcow2", "--backing-vol", image.backing, "--backing-vol-format", image.format];
	return [
		["vol-create-as", pool, volumes.root, size, ...overlay],
		...(properties.ephemeral_disk > 0
			? [["vol-create-as", pool, volumes.ephemeral, `${properties.ephemeral_disk}MiB`, "--format", "qcow2"]]
			: []),
		["vol-create-as", pool, volumes.console, "0", "--format", "raw"],
		["vol-create-as", pool, volumes.seed, `${seedBytes}B`, "--format", "raw"],
		["vol-upload", "--pool", pool, "--vol", volumes.seed, "--file", "/dev/stdin"],
	];
}

/** Makes all of a VM but its power-on. The domain comes first: what an interruption leaves is found by it. */
async function make(
	call: Call,
	host: Host,
	plan: VmPlan,
	request: VmRequest,
	settings: VmSettings,
	networks: readonly ManagedNetwork[],
): Promise<void> {
	const seed =
		"agent" in request.seed
			? configDrive(plan.name, request.seed.agent, plan.nics, plan.record.ephemeral)
			: seedImage(plan.name, request.seed, plan.nics);
	const xml = await domainOf(call, host, plan, request.key, settings);
	const leases = plan.nics.flatMap((nic) => {
		const command = leaseCommand(nic, networks);
		return command ? [command] : [];
	});
	call.doing(`VM ${request.name} (${plan.name}) was made on host ${host.connection.host}`);
	await withFolder(async (folder) => {
		const file = `${folder}/domain.xml`;
		await writeFile(file, xml, { mode: 0o600 });
		const commands = [["define", file], ...volumeCommands(plan, host.config.pool, seed.length), ...leases];
		const found = await on(call, host, commands, seed);
		const taken = found.slice(-leases.length).find(({ error }) => /existing dhcp host entry/.test(error ?? ""));
		if (leases.length > 0 && taken) {
			const now = await readNetworks(
				call,
				host,
				networks.map(({ name }) => name),
			);
			const { domains } = await observe(call, host, { domains: ALL });
			refuseTaken(domains, now, plan.name, plan.nics);
		}
		must(call, host.connection, found, EXISTS);
	});
}

/** Powers a VM on; one that runs is left alone. */
async function powerOn(call: Call, host: Host, name: string): Promise<void> {
	call.doing(`VM ${name} was powered on`);
	const found = await on(call, host, [["start", name]]);
	must(call, host.connection, found, /already (active|running)/);
}

async function planVm(
	call: Call,
	host: Host,
	request: VmRequest,
): Promise<VmPlan & { readonly existing?: Domain; readonly domains: readonly Domain[] }> {
	const properties = readVmProperties(request.cloudProperties, "createVm", request.name);
	const nics = planNics(request, host.config.network);
	const name = nameOf("vm", request.key);
	const { domains, records } = await observe(call, host, {
		domains: ALL,
		records: (each) => each === request.stemcell,
	});
	const existing = domains.find((domain) => domain.name === name);
	const image = imageOf(records.get(request.stemcell)?.record, host, request);
	const { key, owner, metadata, stemcell } = request;
	const seen = nics.map(({ network, mac, ip }) => ({ network, mac, ...(ip === undefined ? {} : { ip }) }));
	const ephemeral = properties.ephemeral_disk > 0;
	const record = { key, owner, name: request.name, stemcell, nics: seen, ephemeral, metadata };
	return { name, nics, record, properties, image, domains, ...(existing ? { existing } : {}) };
}

/** Makes and boots a VM, or gives the one that this key made before. */
export async function createVm(call: Call, host: Host, request: VmRequest, settings: VmSettings): Promise<CreatedVm> {
	const { seed } = request;
	if (!("agent" in seed) && !isAccountName(seed.loginUser))
		throw libvirtError("invalid", "createVm", `${JSON.stringify(seed.loginUser)} can't be a login user's name`);
	const plan = await planVm(call, host, request);
	const { existing, name, nics } = plan;
	const hasAddresses = existing?.record.nics.every(({ ip }) => ip !== undefined);
	if (existing?.state === "running" && hasAddresses) return created(host, name, existing.record);
	try {
		if (existing?.state !== "running") {
			const managed = nics.flatMap(({ source }) => (source.type === "network" ? [source.name] : []));
			const networks = await readNetworks(call, host, managed);
			refuseTaken(plan.domains, networks, name, nics);
			await make(call, host, plan, request, settings, networks);
			await powerOn(call, host, name);
		}
		const leased = await waitForAddresses(call, host, nics);
		if (leased.size === 0) return created(host, name, plan.record);
		const seen = plan.record.nics.map((nic) => ({
			...nic,
			...(leased.has(nic.network) ? { ip: leased.get(nic.network) ?? "" } : {}),
		}));
		const record = { ...plan.record, nics: seen };
		must(call, host.connection, await on(call, host, [[...setRecordArguments(name, record), "--live", "--config"]]));
		return created(host, name, record);
	} catch (error) {
		// After an abort it stays for `find`: there is no time left to clear it away.
		if (!existing && !call.signal.aborted) await deleteVm(call, host, name).catch(() => {});
		throw error;
	}
}

/** More interfaces than a VM has. */
const MOST_NICS = 32;

/** The hardware addresses of a VM, and the networks that may keep addresses for them: any, if somebody else removed its domain. */
async function leasesOf(call: Call, host: Host, name: string, domain: Domain | undefined) {
	if (domain) {
		const names = domain.nics.flatMap(({ network }) => network ?? []);
		return { macs: domain.nics.map(({ mac }) => mac), networks: await readNetworks(call, host, names, ABSENT) };
	}
	const [all] = await on(call, host, [["net-list", "--all", "--name"]]);
	must(call, host.connection, [all]);
	const names = (all?.out ?? "").split("\n").flatMap((line) => line.trim() || []);
	const macs = Array.from({ length: MOST_NICS }, (_, nic) => macOf(name, nic));
	return { macs, networks: await readNetworks(call, host, names, ABSENT) };
}

/**
 * Ends a VM and frees all that it had, also what is left of one whose domain somebody else removed; its persistent disks stay. The domain goes
 * last: until then `find` leads to the rest.
 */
export async function deleteVm(call: Call, host: Host, name: string): Promise<void> {
	const domain = await readDomain(call, host, name);
	const { macs, networks } = await leasesOf(call, host, name, domain);
	call.doing(`VM ${domain ? `${domain.record.name} (${name})` : name} was deleted`);
	const volumes = vmVolumes(name);
	// virtlogd(8) keeps up to three older logs beside the one that it writes.
	const logs = [0, 1, 2].map((index) => `${volumes.console}.${index}`);
	const all = [...Object.values(volumes), ...logs];
	const clear: Command[] = [
		["destroy", name],
		...networks.flatMap((network) => freeCommands(network, new Set(macs))),
		["pool-refresh", host.config.pool],
		...all.map((volume) => ["vol-delete", "--pool", host.config.pool, "--vol", volume]),
	];
	await until(call, async () => {
		const found = await on(call, host, clear);
		const refused = found.filter(({ error }) => error !== undefined && /still being allocated|in use/.test(error));
		if (refused.length > 0) return false;
		must(
			call,
			host.connection,
			found,
			new RegExp(`${ABSENT.source}|domain is not running|couldn't locate|asynchronous jobs`),
		);
		return true;
	});
	const undefine = ["undefine", name, "--nvram", "--managed-save", "--snapshots-metadata", "--checkpoints-metadata"];
	must(call, host.connection, await on(call, host, [undefine]), ABSENT);
}

/** Restarts a VM, or powers it on. A guest that doesn't shut down in time loses its power. */
export async function rebootVm(call: Call, host: Host, name: string, settings: VmSettings): Promise<void> {
	const domain = await readDomain(call, host, name);
	if (!domain) throw libvirtError("not-found", call.operation, `there is no VM ${name}`);
	if (domain.state !== "stopped") {
		call.doing(`the guest of VM ${name} shut down`);
		if (domain.state === "running") await on(call, host, [["shutdown", name]]);
		const limitMs = domain.state === "running" ? settings.rebootGraceMs : 0;
		const off = await until(call, async () => (await readDomain(call, host, name))?.state === "stopped", { limitMs });
		if (!off) must(call, host.connection, await on(call, host, [["destroy", name]]), /domain is not running/);
	}
	await powerOn(call, host, name);
}

export async function setVmMetadata(
	call: Call,
	host: Host,
	name: string,
	metadata: Readonly<Record<string, string>>,
): Promise<void> {
	const domain = await readDomain(call, host, name);
	if (!domain) throw libvirtError("not-found", call.operation, `there is no VM ${name}`);
	const record = { ...domain.record, metadata: { ...domain.record.metadata, ...metadata } };
	const live = domain.state === "stopped" ? [] : ["--live"];
	must(call, host.connection, await on(call, host, [[...setRecordArguments(name, record), "--config", ...live]]));
}
