import { gunzipSync } from "node:zlib";
import { extract } from "tar-stream";
import type { DiskCid } from "../../src/cpi/cpi.ts";
import { LEAST_FROM_PEERS } from "../../src/plan/package-peers.ts";
import type { RunResult } from "../../src/ssh/ssh.ts";
import { machineFacts } from "../support/machine-facts.ts";
import type { SimulatedMachine } from "./machine.ts";
import { endServing, fetchFromPeer, keptAs, servePackage } from "./peer-scripts.ts";
import { drain, errand, hook } from "./programs.ts";
import { list, text } from "./script-text.ts";

/** What davit's scripts do, without a shell. Told apart by words that only one of them has. */

export interface Call {
	readonly script: string;
	readonly input: Buffer;
	/** True if a job's own program is to fail this time. */
	readonly fails: boolean;
}

/** What a script gave; exit code 0 and no output unless told. */
export type Outcome = Partial<Pick<RunResult, "code" | "stdout" | "stderr">>;
type Handler = (machine: SimulatedMachine, call: Call) => Outcome | Promise<Outcome>;

const done: Outcome = {};
const refused = (stderr: string): Outcome => ({ code: 1, stderr: `${stderr}\n` });

const handlers: readonly (readonly [word: string, handler: Handler])[] = [
	["want_vitals=", probe],
	["exclusive bootstrap", bootstrap],
	["no private key came", swapHostKey],
	["may_format=", mountDisk],
	['unmount_place "$mount_point"', unmountDisk],
	["# Written by davit: shows a disk to the jobs.", associateDisk],
	["blockdev --flushbufs", dissociateDisk],
	["disk-copy.pipe", copyDisk],
	['use "$mount_point"; echo "$REPLY"', () => ({ stdout: "1024\n" })],
	["BOSH_COMPILE_TARGET", compile],
	["SSH_ORIGINAL_COMMAND", servePackage],
	["exec {link}< <(", fetchFromPeer],
	["grep -q ' davit-peer$'", endServing],
	['unpack "$staging" --no-same-owner', installPackage],
	["tar --create --sort=name", packPackage],
	['if ! present "$path"', missingPackages],
	['link "$path" "/var/vcap/packages/$name"', activatePackages],
	["install_job() {", installJobs],
	["table.new", writeTable],
	["run_hook() {", hook],
	["file=/var/vcap/jobs/$job/bin/drain", drain],
	["it has no bin/run", errand],
	["/monit", control],
	['ended_processes "$text"', status],
	["no DNS records came", () => done],
	["/etc/hosts.davit-new", () => done],
	["logs=(/var/vcap/data/sys/log/", () => done],
];

/** Runs a script under its fence. */
export async function run(machine: SimulatedMachine, call: Call): Promise<RunResult> {
	const fence = Number(/^fence=(\d+)\n/.exec(call.script)?.[1] ?? 0);
	const base = { signal: undefined, code: 0, stdout: "", stderr: "" };
	if (fence > 0 && fence < machine.fence) {
		const stderr = `fenced: this VM obeys holder ${machine.fence}, this script is of holder ${fence}\n`;
		return { ...base, code: 75, stderr };
	}
	machine.fence = Math.max(machine.fence, fence);
	const found = handlers.find(([word]) => call.script.includes(word));
	if (!found) throw new Error(`the simulation knows no such script:\n${call.script.slice(-2_000)}`);
	return { ...base, ...(await found[1](machine, call)) };
}

const nameIn = (path: string) => path.split("/").at(-2) ?? "";

function bootstrap(machine: SimulatedMachine): Outcome {
	machine.bootstrapped = true;
	const facts = machineFacts({ bootId: String(machine.bootId), clockMs: machine.cloud.time.now });
	return { stdout: `${JSON.stringify(facts)}\n` };
}

function swapHostKey(machine: SimulatedMachine, { input }: Call): Outcome {
	machine.hostKey = (JSON.parse(input.toString()) as { publicKey: string }).publicKey;
	return done;
}

function probe(machine: SimulatedMachine, { script }: Call): Outcome {
	const jobs = list(script, "jobs").filter((path) => machine.jobs.get(nameIn(path))?.path !== path);
	const packages = list(script, "packages").filter((path) => machine.packages.get(nameIn(path)) !== path);
	const files = list(script, "files").filter((path) => {
		const [job = "", ...rest] = path.split("/");
		return !machine.jobs.get(job)?.files.includes(rest.join("/"));
	});
	const [uptime, heartbeat, state, ended] = supervisor(machine);
	const answer = {
		bootId: String(machine.bootId),
		fence: machine.fence,
		clockMs: machine.cloud.time.now,
		bootstrapped: machine.bootstrapped,
		mounted: machine.mounted !== undefined,
		hosts: "",
		records: "",
		missingFiles: files,
		missingDisks: list(script, "disks").filter((name) => !machine.named.has(name)),
		wrongJobs: jobs.map(nameIn),
		wrongPackages: packages.map(nameIn),
		applied: "",
		...{ uptime, heartbeat, state, ended },
	};
	return { stdout: `${JSON.stringify(answer)}\n` };
}

/** A disk is found by its serial, which is its cid here. */
function mountDisk(machine: SimulatedMachine, { script }: Call): Outcome {
	const attached = [...machine.cloud.disks.values()].filter(
		({ attachedTo, cid }) => attachedTo === machine.cid && text(script, "serial") === cid,
	);
	const disk = attached[0];
	if (!disk || attached.length > 1) return refused("the disk did not appear");
	const isCopy = text(script, "mount_point").endsWith("_target");
	const there = isCopy ? machine.copied : machine.mounted;
	if (there && there !== disk) return refused("another disk is mounted");
	if (!there && machine.runs().length > 0) machine.violate(`${disk.cid} was mounted under running jobs`);
	if (!disk.data) {
		if (text(script, "may_format") === "") return refused(`${disk.cid} has no file system`);
		disk.data = { text: "", sizeMib: disk.sizeMib };
	}
	disk.data.sizeMib = disk.sizeMib;
	if (isCopy) machine.copied = machine.rememberedCopy = disk;
	else machine.mounted = machine.remembered = disk;
	return { stdout: "ext4\n" };
}

function associateDisk(machine: SimulatedMachine, { script }: Call): Outcome {
	const name = nameOfDisk(script);
	const disk = machine.cloud.disks.get(text(script, "serial") as DiskCid);
	if (disk?.attachedTo !== machine.cid) return refused("the disk did not appear");
	const there = machine.named.get(name);
	if (there && there !== disk) machine.violate(`${disk.cid} took the place of ${there.cid} unasked`);
	if (!there && machine.runs().length > 0) machine.violate(`${disk.cid} appeared under running jobs`);
	disk.data = { text: disk.data?.text ?? "", sizeMib: disk.sizeMib };
	machine.named.set(name, disk);
	machine.rememberedNamed.set(name, disk);
	return done;
}

function dissociateDisk(machine: SimulatedMachine, { script }: Call): Outcome {
	if (machine.runs().length > 0) return refused("umount: target is busy");
	machine.named.delete(nameOfDisk(script));
	machine.rememberedNamed.delete(nameOfDisk(script));
	return done;
}

const nameOfDisk = (script: string) => text(script, "shown").split("/").at(-1) ?? "";

/** It takes its time: what is on the target is half of it until then. A reboot ends it, and so does a davit that came later. */
async function copyDisk(machine: SimulatedMachine, { script }: Call): Promise<Outcome> {
	const { mounted, copied, bootId, fence } = machine;
	const { time } = machine.cloud;
	if (!mounted?.data || !copied?.data) return refused("nothing is mounted");
	if (machine.runs().length > 0) machine.violate(`${mounted.cid} was copied under running jobs`);
	const source = mounted.data.text;
	if (text(script, "whole") !== "" && copied.data.text === source) return done;
	copied.data.text = source.slice(0, source.length / 2);
	await time.sleep(machine.chance.number(500, 60_000));
	if (machine.bootId !== bootId || !machine.isOn || machine.fence !== fence) return refused("the copy was cut short");
	copied.data.text = source;
	return { stdout: "copied 1 of 1 MiB\n" };
}

function unmountDisk(machine: SimulatedMachine, { script }: Call): Outcome {
	if (text(script, "mount_point").endsWith("_target")) {
		machine.copied = machine.rememberedCopy = undefined;
		return done;
	}
	if (machine.mounted && machine.runs().length > 0) return refused("umount: /var/vcap/store: target is busy");
	machine.mounted = undefined;
	machine.remembered = undefined;
	return done;
}

function compile(machine: SimulatedMachine, { script, fails }: Call): Outcome {
	for (const path of list(script, "packages"))
		if (!machine.bits.has(path)) return refused(`package ${nameIn(path)} isn't on this VM`);
	if (fails) return { code: 1, stdout: "packaging failed\n" };
	machine.bits.add(text(script, "target"));
	return done;
}

function installPackage(machine: SimulatedMachine, { script, input }: Call): Outcome {
	const target = text(script, "target");
	if (machine.bits.has(target)) return done;
	if (!input.toString().includes(target)) return refused("the archive broke off");
	machine.bits.add(target);
	const archive = keptAs(script);
	if (archive !== undefined) machine.archives.add(archive);
	return done;
}

/** Large enough that VMs get it from each other. */
function packPackage(machine: SimulatedMachine, { script }: Call): Outcome {
	const target = text(script, "target");
	if (!machine.bits.has(target)) return refused(`package ${target} isn't on this VM`);
	return { stdout: `compiled ${target}${" ".repeat(LEAST_FROM_PEERS)}` };
}

function missingPackages(machine: SimulatedMachine, { script }: Call): Outcome {
	const missing = list(script, "packages").filter((path) => !machine.bits.has(path));
	return { stdout: missing.map((path) => `${nameIn(path)}\n`).join("") };
}

function activatePackages(machine: SimulatedMachine, { script }: Call): Outcome {
	const wanted = list(script, "packages");
	const missing = wanted.find((path) => !machine.bits.has(path));
	if (missing !== undefined) return refused(`package ${nameIn(missing)} isn't on this VM`);
	if (machine.runs().length > 0) machine.violate("packages were switched under running jobs");
	machine.packages.clear();
	for (const path of wanted) machine.packages.set(nameIn(path), path);
	return done;
}

async function installJobs(machine: SimulatedMachine, { script, input }: Call): Promise<Outcome> {
	const files = await membersOf(input);
	if (machine.runs().length > 0) machine.violate("jobs were installed while they ran");
	machine.jobs.clear();
	for (const line of list(script, "jobs")) {
		const [name = "", digest = ""] = line.split(" ");
		const own = files.flatMap((path) => (path.startsWith(`${name}/`) ? [path.slice(name.length + 1)] : []));
		machine.jobs.set(name, { path: `/var/vcap/data/jobs/${name}/${digest}`, files: own });
	}
	return done;
}

async function membersOf(archive: Buffer): Promise<readonly string[]> {
	const names: string[] = [];
	const reader = extract();
	reader.end(gunzipSync(archive));
	for await (const entry of reader) {
		names.push(entry.header.name);
		entry.resume();
	}
	return names;
}

function writeTable(machine: SimulatedMachine, { script }: Call): Outcome {
	const names = [...script.matchAll(/^check\tprocess\t(\S+)$/gm)].map(([, name = ""]) => name);
	for (const name of machine.processes.keys()) if (!names.includes(name)) machine.processes.delete(name);
	for (const name of names)
		if (!machine.processes.has(name)) machine.processes.set(name, { monitored: false, startedAt: undefined });
	return done;
}

function control(machine: SimulatedMachine, { script }: Call): Outcome {
	const action = /\/monit (\w+) all/.exec(script)?.[1];
	const now = machine.cloud.time.now;
	for (const [name, process] of machine.processes) {
		process.monitored = action === "start" || (process.monitored && action === "monitor");
		if (action === "start" && process.startedAt === undefined) {
			machine.order.push(`${name} start`);
			process.startedAt = now + machine.chance.number(0, 3_000);
			if (machine.cloud.disks.size > 0 && machine.remembered && !machine.mounted)
				machine.violate(`${name} was started without its disk`);
			for (const disk of machine.rememberedNamed.keys())
				if (!machine.named.has(disk)) machine.violate(`${name} was started without its disk ${disk}`);
		}
		if (action === "stop" && process.startedAt !== undefined) {
			machine.order.push(`${name} stop`);
			process.startedAt = undefined;
		}
	}
	return done;
}

/** Hundredths of a second, as the supervisor counts. */
function supervisor(machine: SimulatedMachine): readonly [string, string, string, string] {
	const now = machine.cloud.time.now;
	const ticks = (ms: number) => Math.floor(ms / 10);
	const checks = [...machine.processes].map(([name, { monitored, startedAt }]) => {
		const runs = startedAt !== undefined && startedAt <= now;
		return {
			name,
			type: "process",
			status: runs ? "running" : monitored ? "does not exist" : "not monitored",
			monitored,
			pending: startedAt !== undefined && !runs ? "start" : "",
			pid: runs ? 100 : null,
			started: runs ? ticks(startedAt) : null,
			memKb: null,
			totalMemKb: null,
			totalCpu: null,
			restarts: 0,
			exitStatus: null,
			message: "",
		};
	});
	return [(now / 1000).toFixed(2), String(ticks(now)), JSON.stringify({ version: 1, checks }), ""];
}

function status(machine: SimulatedMachine): Outcome {
	return {
		stdout: supervisor(machine)
			.map((part) => `${part}\0`)
			.join(""),
	};
}
