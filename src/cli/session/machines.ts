import type { Duplex } from "node:stream";
import type { ApplyContext, Login } from "../../apply/context.ts";
import { NextVmRecords } from "../../apply/next-vm.ts";
import type { Records } from "../../apply/records.ts";
import type { Clock } from "../../clock.ts";
import type { Cpi, Owner } from "../../cpi/cpi.ts";
import { problem, UserError } from "../../errors.ts";
import type { EventSink } from "../../events.ts";
import type { Cloud, SshConfig } from "../../manifest/cloud.ts";
import type { InstanceName } from "../../plan/step.ts";
import { withDeadline } from "../../ssh/deadline.ts";
import { SshError } from "../../ssh/errors.ts";
import { waitForFirstContact } from "../../ssh/first-contact.ts";
import type { Dialer, Ssh, SshTarget } from "../../ssh/ssh.ts";
import type { CliContext } from "../command.ts";

interface MachinesOptions {
	readonly ssh: Ssh;
	readonly records: Records;
	readonly cloud: Cloud;
	readonly cpi: (name: string) => Cpi;
	readonly owner: Owner;
	readonly login: Login;
	readonly clock: Clock;
	readonly emit: EventSink;
	readonly signal: AbortSignal;
}

/** An instance that can be entered within this many ms is up: a busy VM behind a jump host takes some. */
export const ANSWER_MS = 20_000;
/** Between two tries within that, in ms. */
const ANSWER_PAUSE_MS = 2_000;

/** The ways to an instance's VM. */
export type Machines = Pick<ApplyContext, "connect" | "answers" | "disconnect"> & {
	readonly target: (instance: InstanceName) => SshTarget;
	/** The byte stream to another port of the VM than SSH's. */
	readonly dial: (instance: InstanceName, port: number, signal: AbortSignal) => Promise<Duplex>;
};

/** The same, and the ways to the VMs that are made to take the place of instances' VMs. */
export interface AllMachines extends Machines {
	readonly next: { readonly records: Records; readonly machines: Machines };
}

/** The same with connections of their own, which `close` ends. Jump hosts may use the user's SSH agent. */
export async function openMachines(
	parts: Omit<MachinesOptions, "ssh" | keyof CliContext>,
	{ clock, emit, signal, env, ports }: CliContext,
): Promise<{ readonly machines: AllMachines; readonly close: () => void }> {
	const ssh = await ports.createSsh({ clock, ...(env.SSH_AUTH_SOCK ? { agent: env.SSH_AUTH_SOCK } : {}) });
	const options = { ...parts, ssh, clock, emit, signal };
	const records = new NextVmRecords(parts.records);
	const next = { records, machines: createMachines({ ...options, records }) };
	return { machines: { ...createMachines(options), next }, close: () => ssh.close() };
}

/** Reaches the VMs of one deployment, each as the cloud's `ssh:` says, else as its CPI does. */
function createMachines(options: MachinesOptions): Machines {
	const { ssh, clock, emit } = options;
	const target = (instance: InstanceName) => targetOf(instance, options);
	const connect: Machines["connect"] = (instance, { signal, boot, step }) => {
		if (!boot) return ssh.connect(target(instance), { signal });
		return waitForFirstContact(ssh, target(instance), {
			clock,
			signal,
			onProgress: ({ message }) => {
				if (step) emit({ type: "step-progress", id: step.id, text: message });
			},
		});
	};
	return {
		target,
		dial: (instance, port, signal) => ssh.dial(target(instance), port, { signal }),
		connect,
		answers: async (instance) => {
			try {
				const late = () => new Error(`${instance} did not answer`);
				await withDeadline({ ms: ANSWER_MS, clock, signal: options.signal, late }, (signal) =>
					untilEntered(() => connect(instance, { signal }), clock, signal),
				);
				return true;
			} catch {
				options.signal.throwIfAborted();
				return false;
			}
		},
		disconnect: (instance) => {
			if (options.records.find(instance)?.vm) ssh.disconnect(target(instance));
		},
	};
}

/** What is lost for a moment is no VM that does not answer: its disk would be taken from it unwritten. */
export async function untilEntered<T>(enter: () => Promise<T>, clock: Clock, signal: AbortSignal): Promise<T> {
	for (;;) {
		try {
			return await enter();
		} catch (error) {
			if (!(error instanceof SshError) || !error.retryable) throw error;
			await clock.sleep(ANSWER_PAUSE_MS, signal);
		}
	}
}

function targetOf(instance: InstanceName, options: MachinesOptions): SshTarget {
	const { login } = options;
	const { user = login.user, hostKeys, ...way } = wayTo(instance, options);
	return { name: instance, ...way, user, privateKey: login.privateKey, hostKeys };
}

/** Where an instance's SSH port is and how to get there. Needs no secret. */
export function wayTo(
	instance: InstanceName,
	{ records, cloud, cpi, owner }: Pick<MachinesOptions, "records" | "cloud" | "cpi" | "owner">,
): Pick<SshTarget, "host" | "port" | "hostKeys" | "dialer"> & { readonly user?: string | undefined } {
	const record = records.get(instance);
	if (!record.vm) throw new UserError(problem("no-vm", `${instance} has no VM`, { hint: "davit deploy makes it" }));
	const config = sshConfigOf(cloud, record.az);
	const network = config?.network ?? Object.keys(record.ips)[0] ?? "";
	const host = record.ips[network];
	if (host === undefined)
		throw new UserError(
			problem("no-address", `${instance} has no address on network "${network}"`, {
				hint: "name another network under ssh: in the cloud file",
			}),
		);
	const dialer = dialerOf(config, cpi(record.vm.cpi), owner);
	return { host, port: config?.port ?? 22, user: record.vm.user ?? config?.user, hostKeys: record.vm.hostKeys, dialer };
}

/** The entry for the AZ, else the one without AZs. */
function sshConfigOf(cloud: Cloud, az: string): SshConfig | undefined {
	return cloud.ssh.find(({ azs }) => azs.includes(az)) ?? cloud.ssh.find(({ azs }) => azs.length === 0);
}

function dialerOf(config: SshConfig | undefined, cpi: Cpi, owner: Owner): Dialer {
	if (config?.dialer) return config.dialer;
	const socket = cpi.info().gateway?.(owner);
	return socket === undefined ? { type: "direct" } : { type: "gateway", socket };
}
