import { expectedJobs, type Listing, listVms } from "../../apply/observe.ts";
import { runProbe } from "../../apply/run-probe.ts";
import type { CloudResource } from "../../cpi/cpi.ts";
import { STORE } from "../../machine/layout.ts";
import { type ProbeResult, parseProbe, probeScript } from "../../machine/probe.ts";
import { recordedVms } from "../../plan/spare-vms.ts";
import type { InstanceName } from "../../plan/step.ts";
import type { InstanceRecord, SpareVm } from "../../state/state.ts";
import type { CliContext } from "../command.ts";
import { onInstances } from "./on-instances.ts";
import type { RecordedDeployment } from "./recorded.ts";

/** `missing`: gone at the cloud, or never made. `unresponsive`: there, and silent. */
export type VmState = "running" | "stopped" | "unresponsive" | "missing";

/** A recorded instance as it is now. */
export interface InstanceView {
	readonly instance: InstanceName;
	readonly record: InstanceRecord;
	readonly state: VmState;
	/** What the VM says of itself, if it answers. */
	readonly probe?: ProbeResult;
	/** Why it is unresponsive. */
	readonly why?: string;
	/** What only its cloud knows, such as `local`'s pid. */
	readonly details: Readonly<Record<string, string | number>>;
}

interface SpareView extends Pick<InstanceView, "instance" | "details"> {
	readonly az: string;
	readonly vm: SpareVm;
	readonly state: "next" | "former";
	readonly why?: string;
}

export interface Look {
	/** In the manifest's order. An errand's instance is left out while it has no VM. */
	readonly instances: readonly InstanceView[];
	/** VMs that are there beside instances' own, or are recorded so: made to take their place, or those that were taken the place of. */
	readonly spares: readonly SpareView[];
	/** VMs of this deployment that no record names. */
	readonly orphans: readonly Listing[];
}

/** Asks the clouds what there is, and then every VM that is on, many at once. Changes nothing. */
export async function look(
	deployment: RecordedDeployment,
	context: CliContext,
	{ vitals = false }: { readonly vitals?: boolean } = {},
): Promise<Look> {
	const { name, store, records, cpis } = deployment;
	const asked = { owner: { store: store.uuid, deployment: name }, signal: context.signal };
	const listing = (await Promise.all([...cpis.all()].map(([cpi, port]) => listVms(cpi, port, asked)))).flat();
	const found = new Map<string, CloudResource>(listing.map(({ vm }) => [vm.cid, vm]));
	const wanted = inOrder(deployment).map(({ group, index }) => `${group}/${index}`);
	const views = await onInstances(wanted, context, async (instance): Promise<InstanceView> => {
		const record = records.get(instance);
		const vm = record.vm && found.get(record.vm.cid);
		const base = { instance, record, details: vm?.details ?? {} };
		if (!vm) return { ...base, state: "missing" };
		if (vm.state === "stopped") return { ...base, state: "stopped" };
		return { ...base, ...(await ask(instance, deployment, context, vitals)) };
	});
	const recorded = new Set<string>(records.instances().flatMap(recordedVms));
	return {
		instances: views.filter((view) => view !== undefined),
		spares: inOrder(deployment).flatMap((record) => sparesOf(record, found)),
		orphans: listing.filter(({ vm }) => !recorded.has(vm.cid)),
	};
}

function inOrder({ records, inputs }: RecordedDeployment): readonly InstanceRecord[] {
	const groups = inputs.deployment.instanceGroups.map((group) => group.name);
	return records
		.instances()
		.filter(({ vm, lifecycle }) => vm !== undefined || lifecycle === "service")
		.sort((a, b) => groups.indexOf(a.group) - groups.indexOf(b.group) || a.index - b.index);
}

function sparesOf(
	{ group, index, az, nextVm, formerVm }: InstanceRecord,
	found: ReadonlyMap<string, CloudResource>,
): readonly SpareView[] {
	const view = (vm: SpareVm | undefined, state: SpareView["state"]): readonly SpareView[] => {
		if (!vm) return [];
		const seen = found.get(vm.cid);
		const gone = seen ? {} : { why: "gone at the cloud" };
		return [{ instance: `${group}/${index}`, az, vm, state, details: seen?.details ?? {}, ...gone }];
	};
	return [...view(nextVm, "next"), ...view(formerVm, "former")];
}

async function ask(
	instance: InstanceName,
	{ machines, records }: RecordedDeployment,
	{ signal, clock }: CliContext,
	vitals: boolean,
): Promise<Pick<InstanceView, "state" | "probe" | "why">> {
	const record = records.get(instance);
	const script = probeScript({ vitals, mountPoint: record.disk && STORE, ...expectedJobs(record) });
	try {
		const { stdout } = await runProbe(machines.connect(instance, { signal }), script, { signal, clock });
		return { state: "running", probe: parseProbe(stdout) };
	} catch (error) {
		signal.throwIfAborted();
		return { state: "unresponsive", why: (error as Error).message };
	}
}
