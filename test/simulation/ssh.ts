import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { SshError } from "../../src/ssh/errors.ts";
import type { RunOptions, RunResult, Ssh, SshConnection, SshStage, SshTarget } from "../../src/ssh/ssh.ts";
import type { SimulatedCloud, SimulatedVm } from "./cloud.ts";
import type { DavitProcess } from "./davit-process.ts";
import { type Faults, machineFaults } from "./faults.ts";
import { run } from "./scripts.ts";

/** Scripts whose exit code is that of a program which came with a job. */
const PROGRAMS = ["run_hook() {", "file=/var/vcap/jobs/$job/bin/drain", "BOSH_COMPILE_TARGET"];

export interface SshParts {
	readonly cloud: SimulatedCloud;
	readonly davit: DavitProcess;
	readonly faults: () => Faults;
	/** The kind of step that is under way for an instance. */
	readonly where: (instance: string) => string;
}

/** SSH to the simulated VMs, with what goes wrong there. */
export function simulatedSsh(parts: SshParts): Ssh {
	const { cloud, davit, faults, where } = parts;
	const { time, chance } = cloud;
	return {
		connect: async (target, { signal }) => {
			await time.sleep(chance.of(target.name).number(20, 800), signal);
			return davit.act(() => {
				signal.throwIfAborted();
				const fault = faults().choose(machineFaults, where(target.name), target.name);
				const vm = cloud.machineAt(target.host);
				if (!vm?.machine.answers || cloud.outages.is("cut", target.name))
					throw lost(target, "dial", "connection refused");
				if (fault === "no-connection") throw lost(target, "dial", "connection timed out");
				if (fault === "reboot") {
					vm.machine.boot();
					throw lost(target, "dial", "connection reset");
				}
				if (!target.hostKeys.includes(vm.machine.hostKey))
					throw new SshError(`${target.name} shows another host key`, {
						...{ stage: "host-key", target: target.name, retryable: false },
					});
				return connection(vm, target, parts);
			});
		},
		dial: async () => {
			throw new Error("the simulation has no other ports");
		},
		disconnect: () => {},
		close: () => {},
	};
}

function connection(vm: SimulatedVm, target: SshTarget, parts: SshParts): SshConnection {
	const { cloud, davit, faults, where } = parts;
	const { machine } = vm;
	const bootId = machine.bootId;
	const isThere = () =>
		cloud.vms.get(vm.cid) === vm &&
		machine.answers &&
		machine.bootId === bootId &&
		!cloud.outages.is("cut", target.name);
	const execute = async (script: string, options: RunOptions): Promise<RunResult> => {
		const { signal, stdin = "" } = options;
		const input =
			typeof stdin === "string" || stdin instanceof Uint8Array
				? Buffer.from(stdin)
				: await cloud.time.hold(buffer(stdin));
		await cloud.time.sleep(cloud.chance.of(target.name).number(10, 500), signal);
		const fault = faults().choose(machineFaults, where(target.name), target.name);
		const death = faults().choose(["kill-before", "kill-after", "suspend"], where(target.name), target.name);
		if (death === "kill-before") davit.kill();
		if (death === "suspend") davit.suspend();
		return davit.act(async () => {
			signal.throwIfAborted();
			if (!isThere() || fault === "no-connection" || fault === "lost-script")
				throw lost(target, "shell", "the connection was lost");
			const fails = fault === "program-fails" && PROGRAMS.some((word) => script.includes(word));
			// A program runs on when davit is killed, and when its connection is.
			const running = run(machine, { script, input, fails });
			if (death === "kill-after") davit.kill();
			if (fault === "reboot") machine.boot();
			const result = await running;
			signal.throwIfAborted();
			if (!isThere() || fault === "lost-output") throw lost(target, "shell", "the connection was lost");
			for (const line of result.stdout.split("\n")) if (line !== "") options.onLine?.("stdout", line);
			return result;
		});
	};
	return {
		run: execute,
		stream: async (script, options) => {
			const { code, stdout, stderr } = await execute(script, options);
			if (code !== 0) throw lost(target, "shell", stderr);
			return Readable.from([Buffer.from(stdout)]);
		},
		forward: async () => {
			throw new Error("the simulation has no other ports");
		},
		close: () => {},
	};
}

function lost({ name }: SshTarget, stage: SshStage, message: string): SshError {
	return new SshError(`${name}: ${message}`, { stage, target: name, retryable: true });
}
