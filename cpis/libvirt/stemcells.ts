import { Readable } from "node:stream";
import type { Call } from "../../src/cpi/call.ts";
import type { StemcellCid, StemcellImage } from "../../src/cpi/cpi.ts";
import { readImageProperties } from "./cloud-properties.ts";
import { libvirtError } from "./errors.ts";
import { type Host, on } from "./host.ts";
import { imageReader } from "./image-format.ts";
import { nameOf } from "./names.ts";
import { ALL, observe } from "./observe.ts";
import { type VolumeRecord, writeRecordCommands } from "./records.ts";
import { withFolder } from "./temporary.ts";
import { type Command, must } from "./virsh.ts";
import { at, parseXml } from "./xml.ts";

type ImageRecord = VolumeRecord & { readonly image: NonNullable<VolumeRecord["image"]> };

function recordOf(image: StemcellImage, backing: string, heavy: boolean): ImageRecord {
	const { key, owner, os, version } = image;
	const unknown = { os, version, backing, format: "raw", virtualBytes: 0, heavy };
	return { key, owner, sizeMib: 0, metadata: {}, complete: false, image: unknown };
}

function complete(record: ImageRecord, format: string, virtualBytes: number): ImageRecord {
	const sizeMib = Math.ceil(virtualBytes / 2 ** 20);
	return { ...record, complete: true, sizeMib, image: { ...record.image, format, virtualBytes } };
}

/** Brings an image to a host. Its record says "complete" only after the last byte: an interrupted one is begun anew. */
async function bring(call: Call, host: Host, image: StemcellImage, before: readonly string[]): Promise<void> {
	const name = nameOf("stemcell", image.key);
	const { pool } = host.config;
	const record = recordOf(image, name, true);
	const source = await image.open?.();
	if (!source) throw libvirtError("invalid", call.operation, "the stemcell has no image to bring");
	const reader = imageReader(source);
	await withFolder(async (folder) => {
		const begun = await writeRecordCommands(folder, pool, name, record, before);
		call.doing(`the image ${image.os}/${image.version} was brought to host ${host.connection.host}`);
		const commands: Command[] = [
			...begun,
			["vol-delete", "--pool", pool, "--vol", name],
			["vol-create-as", pool, name, "0", "--format", "raw"],
			["vol-upload", "--pool", pool, "--vol", name, "--file", "/dev/stdin"],
		];
		try {
			const found = await on(call, host, commands, Readable.from(reader.bytes()));
			must(call, host.connection, [...found.slice(0, 2), ...found.slice(-2)]);
			const { format, virtualBytes } = reader.result();
			const volumes = [begun[0]?.[2] ?? ""];
			const ended = await writeRecordCommands(folder, pool, name, complete(record, format, virtualBytes), volumes);
			must(call, host.connection, (await on(call, host, [...ended, ["pool-refresh", pool]])).slice(0, 2));
		} catch (error) {
			if (!call.signal.aborted) await remove(call, host, name).catch(() => {});
			throw error;
		} finally {
			source.destroy();
		}
	});
}

/** Looks an image of the host's up, and keeps a record of what overlays are made on. */
async function refer(call: Call, host: Host, image: StemcellImage, before: readonly string[]): Promise<void> {
	const { volume, path, pool: named } = readImageProperties(image.cloudProperties, call.operation, "the stemcell");
	const pool = named ?? host.config.pool;
	const wanted = path ?? volume;
	if (wanted === undefined)
		throw libvirtError("invalid", call.operation, `stemcell ${image.os}/${image.version} names no image`, {
			hint: "a light stemcell needs volume: NAME (or path: PATH) in its cloud_properties, a heavy one has a file",
		});
	const where: readonly string[] = path === undefined ? ["--pool", pool] : [];
	const [, found] = await on(call, host, [
		["pool-refresh", pool],
		["vol-dumpxml", ...where, "--vol", wanted],
	]);
	const xml = parseXml(found?.out ?? "");
	const backing = at(xml, "target/path")[0]?.text;
	if (!found || found.error !== undefined || backing === undefined)
		throw libvirtError("invalid", call.operation, `host ${host.connection.host} has no image ${wanted}`, {
			hint: `virsh vol-list ${pool} shows what there is; a path must be of a volume in one of the host's pools`,
		});
	const format = at(xml, "target/format")[0]?.attributes.type ?? "raw";
	const bytes = Number(at(xml, "capacity")[0]?.text ?? 0);
	const record = complete(recordOf(image, backing, false), format, bytes);
	const name = nameOf("stemcell", image.key);
	await withFolder(async (folder) => {
		const commands = await writeRecordCommands(folder, host.config.pool, name, record, before);
		must(call, host.connection, (await on(call, host, commands)).slice(0, 2));
	});
}

/** Makes a stemcell on a host, or leaves the one that this key made before. */
export async function createStemcell(call: Call, host: Host, image: StemcellImage): Promise<StemcellCid> {
	const name = nameOf("stemcell", image.key);
	const { records } = await observe(call, host, { records: (each) => each === name });
	const stored = records.get(name);
	if (!stored?.record.complete) await (image.open ? bring : refer)(call, host, image, stored?.volumes ?? []);
	return name as StemcellCid;
}

async function remove(call: Call, host: Host, name: string): Promise<void> {
	const { pool } = host.config;
	const { volumes } = await observe(call, host, {});
	const own = [...volumes].filter((volume) => volume === name || volume.startsWith(`${name}.`));
	// The records go last: what an interruption leaves is found by them.
	own.sort((a, b) => a.length - b.length);
	const found = await on(
		call,
		host,
		own.map((volume) => ["vol-delete", "--pool", pool, "--vol", volume]),
	);
	must(call, host.connection, found, /failed to get vol/);
}

/** Takes a stemcell from a host. A light one's image stays. Refused while disks of VMs are overlays on it. */
export async function deleteStemcell(call: Call, host: Host, name: string): Promise<void> {
	const { domains, records } = await observe(call, host, { domains: ALL, records: (each) => each === name });
	const users = domains.filter(({ record }) => record.stemcell === name).map((domain) => domain.name);
	if (users.length > 0 && records.get(name)?.record.image?.heavy)
		throw libvirtError("invalid", call.operation, `stemcell ${name} is what these VMs run on: ${users.join(", ")}`, {
			hint: "delete the VMs first",
		});
	await remove(call, host, name);
}
