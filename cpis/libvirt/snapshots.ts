import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Call } from "../../src/cpi/call.ts";
import { until } from "../../src/cpi/call.ts";
import type { Owner, SnapshotCid } from "../../src/cpi/cpi.ts";
import { changeRecord, deleteVolumes, holderOf, volumeOf } from "./disks.ts";
import type { Domain } from "./domain.ts";
import { libvirtError } from "./errors.ts";
import { type Host, on } from "./host.ts";
import { cidOf, nameOf } from "./names.ts";
import { ALL, observe } from "./observe.ts";
import { writeRecordCommands } from "./records.ts";
import { withFolder } from "./temporary.ts";
import { must } from "./virsh.ts";
import { escapeXml } from "./xml.ts";

interface Copy {
	readonly from: string;
	readonly to: string;
	readonly sizeMib: number;
}

/**
 * Copies the disk of a running VM as it is at this moment, while its guest goes on writing: QEMU keeps what is overwritten
 * until it is copied. Source: libvirt.org/formatbackup.html, push mode.
 */
async function copyInUse(call: Call, host: Host, { name, live }: Domain, { from, to, sizeMib }: Copy): Promise<void> {
	const { pool } = host.config;
	const { poolPath } = await host.facts(call);
	const disks = live.map(({ target, volume }) =>
		volume === from
			? `<disk name='${escapeXml(target)}' backup='yes' backupmode='full' type='file'><driver type='qcow2'/><target file='${escapeXml(`${poolPath}/${to}`)}'/></disk>`
			: `<disk name='${escapeXml(target)}' backup='no'/>`,
	);
	await withFolder(async (folder) => {
		const file = join(folder, "backup.xml");
		await writeFile(file, `<domainbackup mode='push'><disks>${disks.join("")}</disks></domainbackup>\n`);
		const made = await on(call, host, [["vol-create-as", pool, to, `${sizeMib}MiB`, "--format", "qcow2"]]);
		must(call, host.connection, made);
		must(call, host.connection, await on(call, host, [["backup-begin", name, file, "--reuse-external"]]));
	});
	await until(call, async () => {
		const [job] = await on(call, host, [["domjobinfo", name]]);
		return /Job type:\s+None/.test(job?.out ?? "") || job?.error !== undefined;
	});
	const [ended] = await on(call, host, [["domjobinfo", name, "--completed"]]);
	if (!/Job type:\s+Completed/.test(ended?.out ?? ""))
		throw libvirtError(
			"unavailable",
			call.operation,
			`the copy of ${from} did not end well: ${ended?.error ?? ended?.out}`,
			{
				hint: "look at the log of the VM on the host: /var/log/libvirt/qemu/",
			},
		);
}

/** Makes a full copy of a disk, or gives the one that this key made before. Files that the guest hasn't written yet aren't in it. */
export async function snapshotDisk(
	call: Call,
	host: Host,
	disk: string,
	request: { readonly key: string; readonly owner: Owner; readonly metadata: Readonly<Record<string, string>> },
): Promise<SnapshotCid> {
	const name = nameOf("snapshot", request.key);
	const { pool } = host.config;
	const wanted = (each: string) => each === name || each === disk;
	const { domains, records, volumes } = await observe(call, host, { domains: ALL, records: wanted });
	const [from, of, before] = [volumeOf(disk, volumes), records.get(disk), records.get(name)];
	const cid = cidOf({ name, host: host.config.name }) as SnapshotCid;
	if (before?.record.complete) return cid;
	if (from === undefined || !of) throw libvirtError("not-found", call.operation, `there is no disk ${disk}`);
	if (before) await deleteVolumes(call, host, name);
	const { sizeMib } = of.record;
	const to = `${name}.qcow2`;
	const record = { ...request, sizeMib, complete: false, disk };
	try {
		const begun = await withFolder(async (folder) => {
			const commands = await writeRecordCommands(folder, pool, name, record, []);
			must(call, host.connection, await on(call, host, commands));
			return commands[0]?.[2] ?? "";
		});
		call.doing(`disk ${disk} was copied`);
		const holder = holderOf(disk, domains);
		const running = holder?.live.some(({ volume }) => volume === from);
		if (holder && running) await copyInUse(call, host, holder, { from, to, sizeMib });
		else
			must(
				call,
				host.connection,
				await on(call, host, [["vol-clone", "--pool", pool, "--vol", from, "--newname", to]]),
			);
		await changeRecord(call, host, name, { record, volumes: [begun] }, { complete: true });
	} catch (error) {
		if (!call.signal.aborted) await deleteVolumes(call, host, name).catch(() => {});
		throw error;
	}
	return cid;
}
