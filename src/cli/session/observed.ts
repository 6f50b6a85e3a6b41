import { observe } from "../../apply/observe.ts";
import type { Records } from "../../apply/records.ts";
import type { VmCid } from "../../cpi/cpi.ts";
import type { Observed } from "../../plan/diff-instance.ts";
import { recordedVms, type UnwantedVm } from "../../plan/spare-vms.ts";
import type { InstanceRecord, StateStore } from "../../state/state.ts";
import type { CliContext } from "../command.ts";
import type { Cpis } from "./cpis.ts";
import type { Machines } from "./machines.ts";

export interface ObserveAllInput {
	readonly context: Pick<CliContext, "clock" | "signal">;
	readonly deployment: string;
	readonly store: Pick<StateStore, "uuid">;
	readonly records: Records;
	readonly cpis: Cpis;
	readonly machines: Machines;
}

/** What is there of a deployment at the clouds and on its VMs, and what of it nobody has recorded. */
export interface Seen {
	readonly observed: Observed;
	readonly orphanVms: readonly UnwantedVm[];
	/** VMs that were asked how they are, all in one wave. */
	readonly probes: number;
	/** The record, and whether its VM answers. */
	readonly withReach: (record: InstanceRecord) => { readonly record: InstanceRecord; readonly reachable: boolean };
}

/** Everything as it is recorded, taken to be well: nobody was asked. */
export function asRecorded(records: Records): Seen {
	const all = records.instances();
	const well = {
		reachable: true,
		missingFiles: [],
		failingProcesses: [],
		activeProcesses: [],
		unmounted: false,
		missingDisks: [],
		bootstrapped: true,
	} as const;
	return {
		observed: {
			vms: new Map(all.flatMap(recordedVms).map((cid) => [cid, { state: "running" }])),
			machines: new Map(all.flatMap(({ group, index, vm }) => (vm ? [[`${group}/${index}`, well] as const] : []))),
		},
		orphanVms: [],
		probes: 0,
		withReach: (record) => ({ record, reachable: record.vm !== undefined }),
	};
}

/** Looks at everything once. Changes nothing. */
export async function observeAll(input: ObserveAllInput): Promise<Seen> {
	const { context, deployment, store, records, cpis, machines } = input;
	const { listing, probes, ...observed } = await observe({
		owner: { store: store.uuid, deployment },
		instances: records.lasting(),
		cpis: cpis.all(),
		connect: machines.connect,
		clock: context.clock,
		signal: context.signal,
	});
	const known = new Set<string>(records.instances().flatMap(recordedVms));
	return {
		observed,
		probes,
		orphanVms: listing
			.filter(({ vm }) => !known.has(vm.cid))
			.map(({ cpi, vm }) => ({ cid: vm.cid as VmCid, cpi, name: vm.name })),
		withReach: (record) => ({
			record,
			reachable: observed.machines.get(`${record.group}/${record.index}`)?.reachable === true,
		}),
	};
}
