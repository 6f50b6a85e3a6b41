import type { AgentSeed, CreatedVm, GuestSeed, VmRequest } from "../../cpi/cpi.ts";
import { hostName } from "../../cpi/user-data.ts";
import { type DesiredInstance, shapeDigests } from "../../plan/desired.ts";
import { recordedVms } from "../../plan/spare-vms.ts";
import type { Step } from "../../plan/step.ts";
import { generateKeyPair } from "../../ssh/keys.ts";
import type { InstanceRecord, VmRecord } from "../../state/state.ts";
import { agentSettings } from "../../stemcell/agent/settings.ts";
import { type ApplyContext, callOptions, effect } from "../context.ts";
import { withoutVm } from "../next-vm.ts";
import { stemcellCid } from "./stemcell.ts";

type Of<K extends Step["kind"]> = Extract<Step, { kind: K }> & { instance: string };

/** What a new VM's user data carries, and what is recorded to make first contact with it. */
interface Prepared {
	readonly seed: GuestSeed | AgentSeed;
	readonly contact: Pick<VmRecord, "hostKeys" | "agent">;
}

/** The seed's host key is accepted until `bootstrap-vm` has replaced it; a BOSH stemcell's agent tells its host key then. */
async function prepare(vmKey: string, { instance, shape }: Of<"create-vm">, context: ApplyContext): Promise<Prepared> {
	if (shape.stemcell.kind === "bosh") {
		const { endpoint, sealed } = await context.agents.make(vmKey);
		const agent = agentSettings({ endpoint, vmName: vmKey, networks: shape.networks, env: shape.env });
		return { seed: { agent }, contact: { hostKeys: [], agent: sealed } };
	}
	const hostKey = generateKeyPair(`davit seed ${instance}`);
	const { user: loginUser, publicKey } = context.login;
	const seed = { hostname: hostName(instance), loginUser, authorizedKeys: [publicKey], hostKey };
	return { seed, contact: { hostKeys: [hostKey.publicKey] } };
}

/** Makes the VM. */
export async function createVm(step: Of<"create-vm">, context: ApplyContext): Promise<void> {
	const name = step.instance;
	const desired = context.desired.get(name);
	if (!desired) throw new Error(`no desired instance ${name}`);
	const { lease, records, store } = context;
	if (!records.find(name)) await store.write(lease.fence, [records.put(newRecord(context, name))]);
	const key = keyOf(desired, context);
	const planned = plannedIps(desired);
	const { seed, contact } = await prepare(key, step, context);
	const stemcell = await stemcellCid(step.shape, context);
	const request: VmRequest = {
		key,
		owner: context.owner,
		name,
		stemcell,
		cloudProperties: step.shape.cloudProperties,
		networks: step.shape.networks,
		disks: [],
		seed,
		env: step.shape.env,
		metadata: step.shape.metadata,
	};
	const shape = shapeDigests(step.shape);
	const adopt = (created: CreatedVm) => {
		const vm = {
			cid: created.cid,
			key,
			cpi: step.shape.cpi,
			createdAt: context.clock.now(),
			shape,
			...contact,
			...(created.ephemeralDisk && { ephemeralDisk: created.ephemeralDisk }),
			bootstrapped: false,
		};
		return [records.update(name, { vm, dirty: true, atRest: true, ips: { ...planned, ...created.ips } }, ["applied"])];
	};
	const next = step.onNextVm ? { next: { ips: planned } } : {};
	const data = { instance: name, cpi: step.shape.cpi, shape, ...contact, ...next };
	await effect(
		context,
		{ verb: "createVm", key, data },
		() => context.cpi(step.shape.cpi).createVm(request, callOptions(context, "createVm")),
		adopt,
	);
}

/** The instance as it is before it has a VM: its id and addresses are its own from now on. */
function newRecord(context: ApplyContext, name: string): InstanceRecord {
	const desired = context.desired.get(name);
	if (!desired) throw new Error(`no desired instance ${name}`);
	const { placed, group } = desired;
	return {
		id: placed.id,
		group: group.name,
		index: placed.index,
		az: placed.az,
		bootstrap: placed.bootstrap,
		lifecycle: group.lifecycle,
		ips: plannedIps(desired),
		dirty: true,
		wanted: "started",
		ignore: false,
	};
}

function plannedIps({ placed }: DesiredInstance): Readonly<Record<string, string>> {
	const networks = Object.entries(placed.networks);
	return Object.fromEntries(networks.flatMap(([network, { ip }]) => (ip === undefined ? [] : [[network, ip]])));
}

/** One that no VM of the instance has: two may be made in one run, as when it is undone. */
function keyOf({ name, placed, record }: DesiredInstance, { owner, lease }: ApplyContext): string {
	const own = `${owner.deployment}-${name.replace("/", "-")}-${placed.id.slice(0, 8)}-${lease.fence.number}`;
	const taken = [record?.vm, record?.nextVm, record?.formerVm].map((vm) => vm?.key);
	let key = own;
	for (let count = 2; taken.includes(key); count += 1) key = `${own}-${count}`;
	return key;
}

/** Deletes the VM; its disks were detached before, and stay. */
export async function deleteVm(step: Of<"delete-vm">, context: ApplyContext): Promise<void> {
	const { records } = context;
	const isOwn = records.get(step.instance).vm?.cid === step.cid;
	await effect(
		context,
		{ verb: "deleteVm", key: step.cid, data: { instance: step.instance, cpi: step.cpi } },
		() => context.cpi(step.cpi).deleteVm(step.cid, callOptions(context)),
		() => withoutVm(step.instance, step.cid, records),
	);
	if (isOwn) context.disconnect(step.instance);
}

/** Deletes a VM that a run which was cut short has left: nobody recorded it, or it is beside an instance's own. */
export async function deleteOrphanVm(
	step: Extract<Step, { kind: "delete-orphan-vm" }>,
	context: ApplyContext,
): Promise<void> {
	const { records } = context;
	const owner = records.instances().find((record) => recordedVms(record).includes(step.cid));
	const instance = owner && `${owner.group}/${owner.index}`;
	await effect(
		context,
		{ verb: "deleteVm", key: step.cid, data: { orphan: true, cpi: step.cpi, ...(instance ? { instance } : {}) } },
		() => context.cpi(step.cpi).deleteVm(step.cid, callOptions(context)),
		() => (instance === undefined ? [] : withoutVm(instance, step.cid, records)),
	);
}

/** Powers a VM on, or reboots it, and waits until it answers. */
export async function powerOn(step: Of<"power-on">, context: ApplyContext): Promise<void> {
	context.disconnect(step.instance);
	await effect(
		context,
		{ verb: "rebootVm", key: step.cid, data: { instance: step.instance, cpi: step.cpi } },
		() => context.cpi(step.cpi).rebootVm(step.cid, callOptions(context)),
		() => [],
	);
	await context.connect(step.instance, { signal: callOptions(context).signal, boot: true, step });
}
