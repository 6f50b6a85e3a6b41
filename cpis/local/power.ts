import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import type { Call } from "../../src/cpi/call.ts";
import { addressBatch, wireBatch } from "./addresses.ts";
import { attachedDisks, diskFolder } from "./disk-record.ts";
import { localError } from "./errors.ts";
import { networkId, writeInside } from "./folders.ts";
import { locked } from "./lock.ts";
import type { Machine } from "./machine.ts";
import { startDetached } from "./namespaces.ts";
import { ensureNetwork, gatewaySocket } from "./network.ts";
import { isAlive, readProcesses, signalGroup, signalProcess } from "./processes.ts";
import { guestRuntime } from "./runtime.ts";
import { until } from "./until.ts";
import { type VmRecord, vmFolder, vmProcesses } from "./vm-record.ts";

function lastLines(path: string): string {
	return readFileSync(path, "utf8").trimEnd().split("\n").slice(-5).join("\n");
}

function writeBootFiles(machine: Machine, vm: VmRecord): void {
	const folder = join(vmFolder(machine, vm.cid), "boot");
	const disks = attachedDisks(machine, vm.cid).map(
		({ cid, mountPoint }) => `${diskFolder(machine, cid)}\t${mountPoint}\n`,
	);
	if (!existsSync(folder)) mkdirSync(folder, { mode: 0o700 });
	writeInside(join(folder, "wire"), wireBatch(vm.cid, vm.interfaces));
	writeInside(join(folder, "addresses"), addressBatch(vm.interfaces));
	writeInside(join(folder, "hostname"), `${vm.hostname}\n`);
	writeInside(join(folder, "disks"), disks.join(""));
}

/** True when the VM's SSH server says who it is. */
function answers(machine: Machine, vm: VmRecord, signal: AbortSignal): Promise<boolean> {
	const address = vm.interfaces[0]?.ip;
	if (address === undefined) return Promise.resolve(true);
	return new Promise((resolve) => {
		const socket = connect(gatewaySocket(machine, vm.owner));
		let said = "";
		const done = (value: boolean) => {
			socket.destroy();
			signal.removeEventListener("abort", aborted);
			resolve(value);
		};
		const aborted = () => done(false);
		signal.addEventListener("abort", aborted, { once: true });
		socket.on("error", () => done(false));
		socket.on("close", () => done(false));
		socket.on("data", (chunk) => {
			said += chunk.toString("latin1");
			if (said.startsWith("ok\nSSH-")) done(true);
			else if (said.startsWith("error")) done(false);
		});
		socket.write(`${address} 22\n`);
	});
}

/** Starts a VM that is off, and waits until its SSH server answers. Under the VM's lock. */
export async function powerOn(call: Call, machine: Machine, vm: VmRecord): Promise<void> {
	const holder = await locked(call, machine.folder, ["network", networkId(vm.owner)], (held) =>
		ensureNetwork(held, machine, vm.owner),
	);
	const guest = await guestRuntime(call, machine.folder);
	const folder = vmFolder(machine, vm.cid);
	writeBootFiles(machine, vm);
	call.doing(`${vm.name} (${vm.cid}) booted`);
	const console = join(folder, "console.log");
	const log = openSync(console, "a", 0o600);
	try {
		const inside = ["nsenter", `--target=${holder.pid}`, "--user", "--net", "--mount", "--preserve-credentials", "--"];
		const script = [join(guest, "machine.sh"), folder, guest, vm.ids === "one" ? "one" : "many"];
		const started = startDetached([...inside, machine.unshare, "--mount", "--", ...script], log, {
			DAVIT_UNSHARE: machine.unshare,
		});
		const said = await started.nextLine();
		started.leave();
		const failed = () =>
			localError("unavailable", call.operation, `${vm.name} (${vm.cid}) did not boot:\n${lastLines(console)}`, {
				hint: `see ${console}`,
				retryable: false,
			});
		if (said !== "up") throw failed();
		call.doing(`the SSH server of ${vm.name} (${vm.cid}) started`);
		await until(call, async () => {
			if (!vmProcesses(machine, vm.cid)) throw failed();
			return answers(machine, vm, call.signal);
		});
	} finally {
		closeSync(log);
	}
}

/** Pulls the plug, or with `graceMs` first asks the VM to stop its processes. Under the VM's lock. */
export async function powerOff(call: Call, machine: Machine, vm: VmRecord, graceMs: number): Promise<void> {
	await endBoot(call, machine, vm);
	const [first, monitor] = readProcesses(join(vmFolder(machine, vm.cid), "process"));
	if (!first || !monitor) return;
	call.doing(`${vm.name} (${vm.cid}) powered off`);
	if (graceMs > 0) {
		signalProcess(first, "SIGTERM");
		await until(call, () => !isAlive(first), graceMs);
	}
	signalProcess(first, "SIGKILL");
	await until(call, () => !isAlive(first));
	// The monitor leaves by itself; its mounts go with it.
	await until(call, () => !isAlive(monitor), 2_000);
	signalProcess(monitor, "SIGKILL");
	await until(call, () => !isAlive(monitor));
}

/** A davit that was killed may have left a boot that goes on: two at once would take each other's files away. */
async function endBoot(call: Call, machine: Machine, vm: VmRecord): Promise<void> {
	const [booting] = readProcesses(join(vmFolder(machine, vm.cid), "boot/monitor"));
	if (!booting || vmProcesses(machine, vm.cid)) return;
	signalGroup(booting, "SIGKILL");
	await until(call, () => !isAlive(booting));
}
