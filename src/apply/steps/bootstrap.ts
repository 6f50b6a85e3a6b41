import type { DiskHint } from "../../cpi/cpi.ts";
import { problem, UserError } from "../../errors.ts";
import { parseFacts } from "../../machine/bootstrap/facts.ts";
import { mountDiskScript } from "../../machine/disk.ts";
import { swapHostKeyScript } from "../../machine/host-key.ts";
import type { Step } from "../../plan/step.ts";
import { generateKeyPair } from "../../ssh/keys.ts";
import type { VmRecord } from "../../state/state.ts";
import { type ApplyContext, callOptions } from "../context.ts";
import { withConsole } from "../never-answered.ts";
import { runScript } from "../run-script.ts";

type Of<K extends Step["kind"]> = Extract<Step, { kind: K }> & { instance: string };

/** First contact: waits for the VM, makes what its user data carried worthless (user data can be read on the VM), and makes what a job finds there. */
export async function bootstrapVm(step: Of<"bootstrap-vm">, context: ApplyContext): Promise<void> {
	const { records, store, lease } = context;
	const name = step.instance;
	const vm = vmOf(name, context);
	await enter(step, context).catch(async (error) => {
		throw await withConsole(error, vm, context);
	});
	if (vm.agent !== undefined) await retireAgent(step, context);
	else if (!vm.bootstrapped && vm.user === undefined) await swapHostKey(step, context);
	if (vm.ephemeralDisk) await mountEphemeralDisk(vm.ephemeralDisk, step, context);
	const { stdout } = await runScript(context, step, context.bootstrapScript(name), "vm-not-prepared");
	const facts = parseFacts(stdout);
	refuseOtherTime(name, facts.clockMs - context.clock.now());
	if (facts.reconnect) context.disconnect(name);
	const done = { ...vmOf(name, context), bootstrapped: true };
	await store.write(lease.fence, [records.update(name, { vm: done })]);
}

function vmOf(name: string, { records }: ApplyContext): VmRecord {
	const { vm } = records.get(name);
	if (!vm) throw new Error(`${name} has no VM to prepare`);
	return vm;
}

/** Connects over SSH. A BOSH stemcell's agent is asked first: it makes the user and tells the host key. */
async function enter(step: Of<"bootstrap-vm">, context: ApplyContext): Promise<void> {
	const { records, store, lease, agents } = context;
	const name = step.instance;
	const { signal } = callOptions(context);
	const vm = vmOf(name, context);
	if (vm.agent !== undefined && vm.user === undefined) {
		const { user, hostKey } = await agents.firstContact(name, { signal, step });
		await store.write(lease.fence, [records.update(name, { vm: { ...vm, user, hostKeys: [hostKey] } })]);
	}
	await context.connect(name, { signal, boot: true, step });
}

/** From now on nobody speaks with the agent: not who reads the VM's user data, and not davit. */
async function retireAgent(step: Of<"bootstrap-vm">, context: ApplyContext): Promise<void> {
	const { records, store, lease } = context;
	await context.agents.retire(step.instance, callOptions(context));
	const { agent: _, ...vm } = vmOf(step.instance, context);
	await store.write(lease.fence, [records.update(step.instance, { vm })]);
}

/** Replaces the host key that user data carried. Until the new one was seen to be served either is accepted; from then on the seed's is an attack. */
async function swapHostKey(step: Of<"bootstrap-vm">, context: ApplyContext): Promise<void> {
	const { records, store, lease } = context;
	const name = step.instance;
	const { signal } = callOptions(context);
	const vm = vmOf(name, context);
	const successor = generateKeyPair(`davit ${name}`);
	await store.write(lease.fence, [
		records.update(name, { vm: { ...vm, hostKeys: [...vm.hostKeys, successor.publicKey] } }),
	]);
	await runScript(context, step, swapHostKeyScript(), "host-key-not-replaced", {
		stdin: async () => JSON.stringify(successor),
	});
	const swapped = { ...vm, hostKeys: [successor.publicKey] };
	context.disconnect(name);
	records.update(name, { vm: swapped });
	await context.connect(name, { signal, boot: true, step });
	await store.write(lease.fence, [records.update(name, { vm: swapped })]);
}

/** Milliseconds by which a VM's clock may differ from davit's. */
const CLOCK_TOLERANCE = 5 * 60_000;

/** Certificates that are made now aren't valid yet where it is earlier, and jobs on VMs with different times don't agree on anything. */
function refuseOtherTime(name: string, differenceMs: number): void {
	if (Math.abs(differenceMs) <= CLOCK_TOLERANCE) return;
	const minutes = Math.round(Math.abs(differenceMs) / 60_000);
	throw new UserError(
		problem(
			"clock-differs",
			`${name}: its clock is ${minutes} minutes ${differenceMs < 0 ? "behind" : "ahead of"} davit's`,
			{
				hint: "name time servers that the VMs reach under ntp: in the cloud file, or mend the clock of the VM's host or of this machine; then deploy again",
			},
		),
	);
}

/** It was made with the VM, so nothing on it can be anybody's data but this VM's own. */
async function mountEphemeralDisk(hint: DiskHint, step: Of<"bootstrap-vm">, context: ApplyContext): Promise<void> {
	const script = mountDiskScript(hint, {
		mountPoint: "/var/vcap/data",
		fileSystem: "ext4",
		mayFormat: true,
		mountOptions: [],
	});
	await runScript(context, step, script, "ephemeral-disk-not-mounted");
}
