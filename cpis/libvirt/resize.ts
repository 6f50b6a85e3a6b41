import type { Call } from "../../src/cpi/call.ts";
import { changeRecord, holderOf, volumeOf } from "./disks.ts";
import { libvirtError } from "./errors.ts";
import { type Host, on } from "./host.ts";
import { ALL, observe } from "./observe.ts";
import { type Answer, must } from "./virsh.ts";

/** What `domblkinfo` and `vol-info --bytes` tell. */
function capacityMib({ out }: Answer): number {
	return Number(/^Capacity:\s+(\d+)/m.exec(out)?.[1] ?? 0) / 2 ** 20;
}

/** Grows a disk, in a running VM as well: its guest sees the new size at once. */
export async function resizeDisk(call: Call, host: Host, name: string, sizeMib: number): Promise<void> {
	const { pool } = host.config;
	const { domains, records, volumes } = await observe(call, host, { domains: ALL, records: (each) => each === name });
	const [stored, volume] = [records.get(name), volumeOf(name, volumes)];
	if (!stored || volume === undefined) throw libvirtError("not-found", call.operation, `there is no disk ${name}`);
	const holder = holderOf(name, domains);
	const target = holder?.live.find((disk) => disk.volume === volume)?.target;
	const running = holder && target !== undefined;
	const ask = running ? ["domblkinfo", holder.name, target] : ["vol-info", "--pool", pool, "--vol", volume, "--bytes"];
	const asked = await on(call, host, [ask]);
	must(call, host.connection, asked);
	// What the image says counts: a call that was cut off may have grown it without a note.
	const present = Math.max(capacityMib(asked[0] ?? { out: "" }), stored.record.sizeMib);
	if (!Number.isInteger(sizeMib) || sizeMib < present)
		throw libvirtError("invalid", call.operation, `disk ${name} of ${present} MiB can't become ${sizeMib} MiB`);
	if (sizeMib > present) {
		call.doing(`disk ${name} grew to ${sizeMib} MiB`);
		const grow = running
			? ["blockresize", holder.name, target, `${sizeMib}MiB`]
			: ["vol-resize", "--pool", pool, "--vol", volume, `${sizeMib}MiB`];
		must(call, host.connection, await on(call, host, [grow]));
	}
	if (stored.record.sizeMib !== sizeMib) await changeRecord(call, host, name, stored, { sizeMib });
}
