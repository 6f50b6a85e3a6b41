import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants, readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";

/** A disk of the guest, as `/dev/disk/by-id/virtio-SERIAL`. A serial has 20 characters at most. */
export interface GuestDisk {
	readonly serial: string;
	/** A raw image, which the guest writes. */
	readonly file: string;
}

export interface Qemu {
	readonly pid: number;
	/** Why it ended, once it did. */
	ended(): string | undefined;
	/** Sends one QMP command and returns what it gave. */
	command(name: string, argument?: object): Promise<unknown>;
	/** Resolves at the next event of this name about this device. */
	event(name: string, device: string): Promise<void>;
	/** Ends it at once, as a power cut does. */
	kill(): Promise<void>;
}

export interface QemuOptions {
	readonly folder: string;
	readonly root: string;
	readonly seed: string;
	/** On 127.0.0.1, to the guest's port 22. */
	readonly sshPort: number;
	/** A port of 127.0.0.1 that the guest reaches at {@link HOST_FOR_GUEST}, port 80. */
	readonly reaches?: number;
	readonly disks: readonly GuestDisk[];
	readonly memoryMib: number;
}

/** Where the guest finds the one port of this machine that it may reach. */
export const HOST_FOR_GUEST = "10.0.2.100";

const RELAY = join(import.meta.dirname, "guest-relay-child.ts");

/**
 * Hardware virtualisation where this user may have it, else QEMU's own, with a thread for each processor and no instructions that are slow to emulate.
 * A /dev/kvm alone says little: KVM without the processor's own extensions opens, and then fails in the middle of a kernel's boot.
 */
function accelerator(): readonly string[] {
	try {
		accessSync("/dev/kvm", constants.R_OK | constants.W_OK);
		if (/^flags\s.*\b(vmx|svm)\b/m.test(readFileSync("/proc/cpuinfo", "utf8")))
			return ["-accel", "kvm", "-cpu", "host"];
	} catch {}
	return ["-accel", "tcg,thread=multi", "-cpu", "Nehalem"];
}

/** `restrict`: no packet of the guest leaves this machine; only the ports given here go through. */
function network({ sshPort, reaches }: QemuOptions): readonly string[] {
	const forward =
		reaches === undefined ? "" : `,guestfwd=tcp:${HOST_FOR_GUEST}:80-cmd:${process.execPath} ${RELAY} ${reaches}`;
	const user = `user,id=net0,restrict=on,hostfwd=tcp:127.0.0.1:${sshPort}-:22${forward}`;
	return ["-netdev", user, "-device", "virtio-net-pci,netdev=net0"];
}

/** A raw image as QEMU's `blockdev-add` takes it. */
export const rawBlock = (serial: string, file: string) => ({
	driver: "raw",
	"node-name": serial,
	file: { driver: "file", filename: file },
});

const drive = (id: string, file: string, format: string) =>
	`if=none,id=${id},file=${file.replaceAll(",", ",,")},format=${format}`;

function argv(options: QemuOptions): readonly string[] {
	const { folder, root, seed, disks, memoryMib } = options;
	return [
		...accelerator(),
		...["-machine", "pc", "-smp", "2", "-m", String(memoryMib), "-nodefaults", "-display", "none"],
		...["-serial", `file:${join(folder, "console.log")}`],
		...["-qmp", `unix:${join(folder, "qmp")},server=on,wait=off`],
		...["-device", "virtio-rng-pci"],
		...["-drive", drive("root", root, "qcow2"), "-device", "virtio-blk-pci,drive=root,bootindex=1"],
		...["-drive", `${drive("seed", seed, "raw")},readonly=on`, "-device", "virtio-blk-pci,drive=seed"],
		...disks.flatMap(({ serial, file }) => [
			...["-blockdev", JSON.stringify(rawBlock(serial, file))],
			...["-device", `virtio-blk-pci,drive=${serial},serial=${serial},id=device-${serial}`],
		]),
		...network(options),
	];
}

/** Starts it and its monitor. */
export async function startQemu(options: QemuOptions): Promise<Qemu> {
	const child = spawn("qemu-system-x86_64", argv(options), { stdio: ["ignore", "ignore", "pipe"] });
	let said = "";
	child.stderr.on("data", (chunk: Buffer) => {
		said += chunk.toString("utf8");
	});
	const ended = () =>
		child.exitCode === null && child.signalCode === null
			? undefined
			: `QEMU ended with ${child.exitCode ?? child.signalCode}: ${said.trim()}`;
	const monitor = await openMonitor(join(options.folder, "qmp"), ended);
	return {
		...monitor,
		pid: child.pid ?? 0,
		ended,
		kill: () => end(child),
	};
}

async function end(child: ChildProcess): Promise<void> {
	if (child.exitCode !== null || child.signalCode !== null) return;
	const closed = once(child, "close");
	child.kill("SIGKILL");
	await closed;
}

interface QmpLine {
	readonly return?: unknown;
	readonly error?: { readonly desc: string };
	readonly event?: string;
	readonly data?: { readonly device?: string };
}

async function openMonitor(path: string, ended: () => string | undefined): Promise<Pick<Qemu, "command" | "event">> {
	const socket = await dial(path, ended);
	const listeners = new Set<(line: QmpLine) => void>();
	createInterface({ input: socket }).on("line", (text) => {
		const line = JSON.parse(text) as QmpLine;
		for (const listener of [...listeners]) listener(line);
	});
	const next = (wanted: (line: QmpLine) => boolean) =>
		new Promise<QmpLine>((resolve, reject) => {
			const gone = () => reject(new Error(ended() ?? "QEMU's monitor was closed"));
			const listener = (line: QmpLine) => {
				if (!wanted(line)) return;
				listeners.delete(listener);
				socket.off("close", gone);
				resolve(line);
			};
			listeners.add(listener);
			socket.once("close", gone);
		});
	const command = async (execute: string, argument: object = {}) => {
		if (socket.destroyed) throw new Error(ended() ?? "QEMU's monitor was closed");
		const answer = next((line) => "return" in line || "error" in line);
		socket.write(`${JSON.stringify({ execute, arguments: argument })}\n`);
		const { error, return: value } = await answer;
		if (error) throw new Error(`${execute}: ${error.desc}`);
		return value;
	};
	await command("qmp_capabilities");
	return {
		command,
		event: async (name, device) => {
			await next(({ event, data }) => event === name && data?.device === device);
		},
	};
}

async function dial(path: string, ended: () => string | undefined): Promise<Socket> {
	for (;;) {
		const socket = connect(path);
		try {
			await once(socket, "connect");
			socket.on("error", () => {});
			return socket;
		} catch {
			const why = ended();
			if (why !== undefined) throw new Error(why);
			await delay(20);
		}
	}
}

/** The last lines of what the guest wrote on its serial console. */
export function consoleTail(folder: string, lines = 25): string {
	try {
		return readFileSync(join(folder, "console.log"), "utf8").trimEnd().split("\n").slice(-lines).join("\n");
	} catch {
		return "(nothing)";
	}
}
