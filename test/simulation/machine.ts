import type { VmCid } from "../../src/cpi/cpi.ts";
import type { Chance } from "./chance.ts";
import type { SimulatedCloud, SimulatedDisk } from "./cloud.ts";

export interface SimulatedProcess {
	monitored: boolean;
	/** Virtual time of its start; undefined: it does not run. */
	startedAt: number | undefined;
}

/** A job's own program that runs, or ran and has not told its end yet. */
export interface SimulatedProgram {
	readonly key: string;
	readonly endsAt: number;
	readonly code: number;
	readonly output: string;
	told: boolean;
	outdated: boolean;
}

/** What is inside a VM. It is changed by scripts (scripts.ts) and by what happens to the VM. */
export class SimulatedMachine {
	readonly cloud: SimulatedCloud;
	readonly cid: VmCid;
	readonly name: string;
	hostKey: string;
	fence = 0;
	bootId = 0;
	bootstrapped = false;
	/** Job links: the path of what is rendered, and its files. */
	readonly jobs = new Map<string, { readonly path: string; readonly files: readonly string[] }>();
	/** Package links, and all bits that are there. */
	readonly packages = new Map<string, string>();
	readonly bits = new Set<string>();
	/** What it keeps for other VMs, and the key that may read it. */
	readonly archives = new Set<string>();
	peerKey: string | undefined;
	readonly processes = new Map<string, SimulatedProcess>();
	readonly programs = new Map<string, SimulatedProgram>();
	/** What its jobs did, in order: `app pre-start`. */
	readonly order: string[] = [];
	mounted: SimulatedDisk | undefined;
	/** What the persistent disk is being copied to, where it is mounted for that. */
	copied: SimulatedDisk | undefined;
	/** Disks that jobs find by their names. */
	readonly named = new Map<string, SimulatedDisk>();
	/** The same after a boot, of those that are attached. */
	readonly rememberedNamed = new Map<string, SimulatedDisk>();
	/** fstab: mounted again after a boot, if it is attached. */
	remembered: SimulatedDisk | undefined;
	rememberedCopy: SimulatedDisk | undefined;
	/** It stands still until it is booted: nothing in it answers, and it holds what it had. */
	frozen = false;
	/** Half of it was deleted: it never boots again. */
	broken = false;
	#bootedAt: number | undefined;

	constructor(cloud: SimulatedCloud, cid: VmCid, name: string, hostKey: string) {
		this.cloud = cloud;
		this.cid = cid;
		this.name = name;
		this.hostKey = hostKey;
	}

	get chance(): Chance {
		return this.cloud.chance.of(`machine ${this.name}`);
	}

	get isOn(): boolean {
		return this.#bootedAt !== undefined;
	}

	/** It is on, and has come up. */
	get answers(): boolean {
		return this.answered(0);
	}

	/** It has answered for so many ms: davit could not take it for gone. */
	answered(ms: number): boolean {
		return !this.frozen && this.#bootedAt !== undefined && this.#bootedAt + ms <= this.cloud.time.now;
	}

	/** Switches it on, or on again; what was monitored comes back by itself. */
	boot(): void {
		this.end();
		this.frozen = false;
		this.bootId += 1;
		const upAt = this.cloud.time.now + this.chance.number(5_000, 40_000);
		this.#bootedAt = upAt;
		const disk = this.remembered;
		if (disk?.attachedTo === this.cid) this.mounted = disk;
		if (this.rememberedCopy?.attachedTo === this.cid) this.copied = this.rememberedCopy;
		for (const [name, own] of this.rememberedNamed) if (own.attachedTo === this.cid) this.named.set(name, own);
		for (const process of this.processes.values()) if (process.monitored) process.startedAt = upAt;
	}

	/** The power goes. */
	end(): void {
		this.#bootedAt = undefined;
		this.mounted = undefined;
		this.copied = undefined;
		this.named.clear();
		for (const process of this.processes.values()) process.startedAt = undefined;
		for (const [name, program] of this.programs) if (program.endsAt > this.cloud.time.now) this.programs.delete(name);
	}

	runs(): readonly string[] {
		return [...this.processes].flatMap(([name, { startedAt }]) => (startedAt === undefined ? [] : [name]));
	}

	violate(what: string): void {
		this.cloud.violate(`${this.name} (${this.cid}): ${what}`);
	}
}
