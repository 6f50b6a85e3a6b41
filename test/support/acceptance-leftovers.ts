import { readdirSync, readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";

/** A process that has to do with a folder, and how that shows. */
export interface Tied {
	readonly pid: number;
	readonly why: string;
}

/** Processes that were started from a folder with a unique name, or have a mount of it: VMs, their monitors, networks and gateways. */
export function processesOf(folder: string): readonly Tied[] {
	const name = folder.split("/").at(-1) ?? folder;
	return readdirSync("/proc")
		.filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)
		.flatMap((entry): Tied[] => {
			const command = read(`/proc/${entry}/cmdline`).replaceAll("\0", " ").trim();
			if (command.includes(name)) return [{ pid: Number(entry), why: command.slice(0, 200) }];
			const mount = read(`/proc/${entry}/mountinfo`)
				.split("\n")
				.find((line) => line.includes(name));
			return mount === undefined ? [] : [{ pid: Number(entry), why: `${command.slice(0, 200)}: mount ${mount}` }];
		});
}

/** What is left of the VMs that were kept in `FOLDER/home/local`, or elsewhere in it: processes, mounts, folders of VMs and networks, interfaces on this machine. */
export function leftovers(folder: string, kept = join(folder, "home/local")): readonly string[] {
	const processes = processesOf(folder).map(({ pid, why }) => `process ${pid}: ${why}`);
	const folders = ["vms", "networks"].flatMap((kind) => list(join(kept, kind)).map((name) => `folder ${kind}/${name}`));
	const mounts = read("/proc/self/mountinfo")
		.split("\n")
		.filter((line) => line.includes(folder))
		.map((line) => `mount ${line}`);
	const interfaces = Object.keys(networkInterfaces()).filter((name) => /^(davit|v[0-9a-f]{10}n\d)/.test(name));
	return [...processes, ...folders, ...mounts, ...interfaces.map((name) => `interface ${name}`)];
}

function read(path: string): string {
	try {
		return readFileSync(path, "utf8");
	} catch {
		return ""; // It ended meanwhile, or is somebody else's.
	}
}

function list(folder: string): readonly string[] {
	try {
		return readdirSync(folder);
	} catch {
		return [];
	}
}
