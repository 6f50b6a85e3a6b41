import type { ProcessStatus } from "../../machine/supervisor/control.ts";
import type { Vitals } from "../../machine/vitals.ts";
import { instanceState, processState } from "./instance-state.ts";
import type { InstanceView } from "./look.ts";
import { formatSize } from "./size.ts";

type Row = Readonly<Record<string, unknown>> & { readonly state: string };

/** A row for an instance and, with `processes`, one for each of its processes. What a column says to people stands beside the number for programs. */
export function instanceRows(view: InstanceView, { processes }: { readonly processes: boolean }): readonly Row[] {
	const { instance, record, probe, why } = view;
	const { az, ips, id, vm, disk, disks, bootstrap, ignore, wanted } = record;
	const own: Row = {
		instance,
		state: instanceState(view),
		az,
		ips: Object.values(ips),
		id,
		vm_cid: vm?.cid,
		disk_cid: disk ?? (disks && Object.values(disks)),
		bootstrap,
		ignore,
		wanted,
		why: why ?? (probe && !probe.processes ? "its supervisor is silent" : undefined),
		...(probe?.vitals && vitalsCells(probe.vitals)),
	};
	const rest = processes ? (probe?.processes ?? []).map((process) => processRow(instance, process)) : [];
	return [own, ...rest];
}

function processRow(instance: string, process: ProcessStatus): Row {
	const { name, pid, uptimeSeconds, cpuPercent, totalMemKb, restarts, message } = process;
	return {
		instance,
		process: name,
		state: processState(process),
		pid,
		uptime: uptimeSeconds === undefined ? undefined : uptime(uptimeSeconds),
		uptime_seconds: uptimeSeconds,
		cpu: cpuPercent === undefined ? undefined : `${cpuPercent}%`,
		memory: totalMemKb === undefined ? undefined : formatSize(totalMemKb),
		memory_kb: totalMemKb,
		restarts,
		why: message,
	};
}

/** As `bosh instances --vitals` shows them. */
function vitalsCells(vitals: Vitals): Readonly<Record<string, unknown>> {
	const { load, cpu, memory, swap, uptimeSeconds, disk } = vitals;
	const used = ({ percent, usedKb }: Vitals["memory"]) => `${percent}% (${formatSize(usedKb)})`;
	const full = (place: Vitals["disk"]["persistent"]) =>
		place && (place.inodePercent === null ? `${place.percent}%` : `${place.percent}% (${place.inodePercent}% inodes)`);
	return {
		uptime: uptime(uptimeSeconds),
		load: load.map((each) => each.toFixed(2)),
		cpu: `${cpu.user}% user, ${cpu.sys}% sys, ${cpu.wait}% wait`,
		memory: used(memory),
		swap: used(swap),
		system_disk: full(disk.system),
		ephemeral_disk: full(disk.ephemeral),
		persistent_disk: full(disk.persistent),
		vitals,
	};
}

/** `3d 4h`, `4h 5m`, `5m 6s`, `6s`. */
function uptime(seconds: number): string {
	const parts = [
		[Math.floor(seconds / 86_400), "d"],
		[Math.floor(seconds / 3600) % 24, "h"],
		[Math.floor(seconds / 60) % 60, "m"],
		[seconds % 60, "s"],
	] as const;
	const first = parts.findIndex(([count]) => count > 0);
	const shown = parts.slice(first < 0 ? 3 : first, first < 0 ? 4 : first + 2);
	return shown.map(([count, unit]) => `${count}${unit}`).join(" ");
}
