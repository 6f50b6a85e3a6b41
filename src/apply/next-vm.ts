import type { InstanceName } from "../plan/step.ts";
import type { Change, DiskRecord, InstanceRecord, SpareVm } from "../state/state.ts";
import { Records } from "./records.ts";

/**
 * The records as steps see them that work on the VM which is made to take the place of an instance's: there the instance has that VM and its
 * addresses, and nothing else is written of it.
 */
export class NextVmRecords extends Records {
	readonly #records: Records;

	constructor(records: Records) {
		super({ instances: [], disks: [] });
		this.#records = records;
	}

	override find(name: InstanceName): InstanceRecord | undefined {
		const record = this.#records.find(name);
		return record && asNext(record);
	}

	override get(name: InstanceName): InstanceRecord {
		return asNext(this.#records.get(name));
	}

	override instances(): readonly InstanceRecord[] {
		return this.#records.instances().map(asNext);
	}

	override disks(): readonly DiskRecord[] {
		return this.#records.disks();
	}

	override update(name: InstanceName, { vm, ips }: Partial<InstanceRecord>): Change {
		const { nextVm } = this.#records.get(name);
		const next = { ...(vm ?? nextVm), ips: ips ?? nextVm?.ips ?? {} } as SpareVm;
		return this.#records.update(name, { nextVm: next });
	}
}

function asNext({ nextVm, vm: _, ...record }: InstanceRecord): InstanceRecord {
	if (!nextVm) return { ...record, ips: {} };
	const { ips, ...vm } = nextVm;
	return { ...record, vm, ips };
}

/** The new VM becomes the instance's, and the old one is what it has left behind; nothing of its jobs has been brought to the new one. */
export function swapped(name: InstanceName, records: Records): readonly Change[] {
	const { vm, ips: formerIps, nextVm } = records.get(name);
	if (!vm || !nextVm) return [];
	const { ips, ...own } = nextVm;
	const patch = { vm: own, ips, formerVm: { ...vm, ips: formerIps }, dirty: true, atRest: true };
	return [records.update(name, patch, ["nextVm", "applied"])];
}

/** The record of an instance that has had the VM has it no more, whatever it was to it. */
export function withoutVm(name: InstanceName, cid: string, records: Records): readonly Change[] {
	const { vm, nextVm, formerVm } = records.get(name);
	if (vm?.cid === cid) return [records.update(name, {}, ["vm", "applied"])];
	if (nextVm?.cid === cid) return [records.update(name, {}, ["nextVm"])];
	return formerVm?.cid === cid ? [records.update(name, {}, ["formerVm"])] : [];
}
