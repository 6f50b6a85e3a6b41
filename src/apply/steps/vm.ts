import type { AgentSeed, CreatedVm, GuestSeed, VmRequest } from "../../cpi/cpi.ts";
import { hostName } from "../../cpi/user-data.ts";
import { shapeDigests } from "../../plan/desired.ts";
import type { Step } from "../../plan/step.ts";
import { generateKeyPair } from "../../ssh/keys.ts";
import type { InstanceRecord, VmRecord } from "../../state/state.ts";
import { agentSettings } from "../../stemcell/agent/settings.ts";
import { type ApplyContext, callOptions, effect } from "../context.ts";
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
	const key = `${context.owner.deployment}-${name.replace("/", "-")}-${desired.placed.id.slice(0, 8)}-${lease.fence.number}`;
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
		return [
			records.update(name, { vm, dirty: true, atRest: true, ips: { ...desired.record?.ips, ...created.ips } }, [
				"applied",
			]),
		];
	};
	const data = { instance: name, cpi: step.shape.cpi, shape, ...contact };
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
	const ips = Object.entries(placed.networks).flatMap(([network, { ip }]) => (ip === undefined ? [] : [[network, ip]]));
	return {
		id: placed.id,
		group: group.name,
		index: placed.index,
		az: placed.az,
		bootstrap: placed.bootstrap,
		lifecycle: group.lifecycle,
		ips: Object.fromEntries(ips),
		dirty: true,
		wanted: "started",
		ignore: false,
	};
}

/** Deletes the VM; its disks were detached before, and stay. */
export async function deleteVm(step: Of<"delete-vm">, context: ApplyContext): Promise<void> {
	const { records } = context;
	await effect(
		context,
		{ verb: "deleteVm", key: step.cid, data: { instance: step.instance, cpi: step.cpi } },
		() => context.cpi(step.cpi).deleteVm(step.cid, callOptions(context)),
		() => [records.update(step.instance, {}, ["vm", "applied"])],
	);
	context.disconnect(step.instance);
}

/** Deletes a VM that nobody recorded: made by a run that was cut short. */
export async function deleteOrphanVm(
	step: Extract<Step, { kind: "delete-orphan-vm" }>,
	context: ApplyContext,
): Promise<void> {
	await effect(
		context,
		{ verb: "deleteVm", key: step.cid, data: { orphan: true, cpi: step.cpi } },
		() => context.cpi(step.cpi).deleteVm(step.cid, callOptions(context)),
		() => [],
	);
}

/** Powers a VM on and waits until it answers. */
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
