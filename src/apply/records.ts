import type { DiskCid } from "../cpi/cpi.ts";
import { copiesOf } from "../plan/disk-change.ts";
import { disksOf } from "../plan/named-disks.ts";
import type { InstanceName } from "../plan/step.ts";
import type { Change, DiskRecord, InstanceRecord, Recorded } from "../state/state.ts";

/** The recorded instances and disks as they stand now, in memory; `Change`s bring the store to the same. */
export class Records {
	readonly #instances = new Map<InstanceName, InstanceRecord>();
	readonly #disks = new Map<DiskCid, DiskRecord>();

	constructor(recorded: Pick<Recorded, "instances" | "disks">) {
		for (const record of recorded.instances) this.#instances.set(`${record.group}/${record.index}`, record);
		for (const disk of recorded.disks) this.#disks.set(disk.cid, disk);
	}

	/** Undefined if it isn't recorded yet. */
	find(name: InstanceName): InstanceRecord | undefined {
		return this.#instances.get(name);
	}

	/** For steps that only a recorded instance can have. */
	get(name: InstanceName): InstanceRecord {
		const record = this.#instances.get(name);
		if (!record) throw new Error(`instance ${name} has no record`);
		return record;
	}

	/** All instances, by name. */
	instances(): readonly InstanceRecord[] {
		return [...this.#instances.values()];
	}

	/** All but compilation VMs. */
	lasting(): readonly InstanceRecord[] {
		return this.instances().filter(({ lifecycle }) => lifecycle !== "compilation");
	}

	/** Recorded only while packages compile on them, or if that was cut short. */
	compilationVms(): readonly InstanceRecord[] {
		return this.instances().filter(({ lifecycle }) => lifecycle === "compilation");
	}

	disks(): readonly DiskRecord[] {
		return [...this.#disks.values()];
	}

	disk(cid: DiskCid): DiskRecord | undefined {
		return this.#disks.get(cid);
	}

	/** The disk that this one is being copied to, if one is. */
	copyOf(cid: DiskCid): DiskRecord | undefined {
		return copiesOf(this.disks()).get(cid);
	}

	put(record: InstanceRecord): Change {
		this.#instances.set(`${record.group}/${record.index}`, record);
		return { put: "instance", record };
	}

	/** A new version of one instance, without the fields named in `drop`. */
	update(
		name: InstanceName,
		patch: Partial<InstanceRecord>,
		drop: readonly ("vm" | "nextVm" | "formerVm" | "disk" | "disks" | "applied")[] = [],
	): Change {
		const record: InstanceRecord = { ...this.get(name), ...patch };
		const kept = Object.fromEntries(Object.entries(record).filter(([key]) => !drop.includes(key as "vm")));
		return this.put(kept as unknown as InstanceRecord);
	}

	remove(name: InstanceName): Change {
		const { id } = this.get(name);
		this.#instances.delete(name);
		return { delete: "instance", id };
	}

	/** The instance has the disk from now on: the one of its name, or the one at /var/vcap/store. */
	giveDisk(instance: InstanceName, disk: DiskRecord, patch: Partial<InstanceRecord> = {}): readonly Change[] {
		const { disks } = this.get(instance);
		const { name, cid } = disk;
		const held = name === undefined ? { disk: cid } : { disks: { ...disks, [name]: cid } };
		return [this.putDisk(disk), this.update(instance, { ...patch, ...held })];
	}

	/** The instance has it no more. */
	takeDisk(instance: InstanceName, name: string | undefined): Change {
		if (name === undefined) return this.update(instance, {}, ["disk"]);
		const { [name]: _, ...disks } = this.get(instance).disks ?? {};
		return Object.keys(disks).length === 0 ? this.update(instance, {}, ["disks"]) : this.update(instance, { disks });
	}

	/** Nobody has the disk any more, and it is not kept either. */
	forgetDisk(instance: InstanceName, cid: DiskCid): readonly Change[] {
		const held = disksOf(this.get(instance)).find(({ disk }) => disk === cid);
		this.#disks.delete(cid);
		return [...(held ? [this.takeDisk(instance, held.name)] : []), { delete: "disk", cid }];
	}

	putDisk(record: DiskRecord): Change {
		this.#disks.set(record.cid, record);
		return { put: "disk", record };
	}
}
