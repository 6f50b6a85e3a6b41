import type {
	CallOptions,
	CloudResource,
	Cpi,
	CpiInfo,
	CreatedVm,
	DiskCid,
	Owner,
	Page,
	ResourceKind,
	SnapshotCid,
	StemcellCid,
	VmCid,
	VmRequest,
} from "../../src/cpi/cpi.ts";
import { CpiError } from "../../src/cpi/errors.ts";
import { type Verb, verbs } from "../../src/cpi/verbs.ts";
import type { Chance } from "./chance.ts";
import type { DavitProcess } from "./davit-process.ts";
import { type CloudFault, cloudFaults, type Faults } from "./faults.ts";
import { SimulatedMachine } from "./machine.ts";
import { Outages } from "./outages.ts";
import type { VirtualTime } from "./virtual-time.ts";

/** A persistent disk: what is on it outlives its VMs. */
export interface SimulatedDisk {
	readonly cid: DiskCid;
	readonly key: string;
	readonly owner: Owner;
	sizeMib: number;
	attachedTo: VmCid | undefined;
	readonly cloudProperties: unknown;
	/** Undefined: never formatted. */
	data: { text: string; sizeMib: number } | undefined;
	metadata: Readonly<Record<string, string>>;
}

export interface SimulatedVm {
	readonly cid: VmCid;
	readonly request: VmRequest;
	readonly ips: Readonly<Record<string, string>>;
	readonly machine: SimulatedMachine;
	metadata: Readonly<Record<string, string>>;
}

const info: CpiInfo = {
	name: "simulated",
	apiVersion: 2,
	stemcellFormats: ["local"],
	can: {
		idempotent: true,
		list: true,
		fixedIps: true,
		dynamicNetworks: true,
		vip: false,
		multipleNetworks: true,
		ipv6: false,
		persistentDisks: true,
		resizeDisk: true,
		snapshots: false,
		firstContact: ["seeded"],
	},
};

/** Milliseconds that a cloud takes for a verb, at least and at most. */
const TAKES: Partial<Readonly<Record<Verb, readonly [number, number]>>> = {
	createVm: [5_000, 60_000],
	deleteVm: [2_000, 20_000],
	createDisk: [500, 5_000],
	attachDisk: [500, 10_000],
	detachDisk: [500, 10_000],
	resizeDisk: [500, 5_000],
	rebootVm: [2_000, 20_000],
};
/** A stale answer is at most as old as this, in ms. */
const STALE_MS = 8_000;

/** A cloud in memory. It keeps what happened to it that must never happen. */
export class SimulatedCloud {
	readonly time: VirtualTime;
	readonly chance: Chance;
	readonly vms = new Map<VmCid, SimulatedVm>();
	readonly disks = new Map<DiskCid, SimulatedDisk>();
	readonly outages: Outages;
	/** What no davit may ever do. */
	readonly violations: string[] = [];
	/** True once look-ups have told of a past: what was made in between was not found. */
	wasStale = false;
	/** VMs whose creation was cut short: nobody can take them over. */
	readonly halfMade = new Set<string>();
	#staleUntil = 0;
	#past: { readonly vms: readonly SimulatedVm[]; readonly disks: readonly SimulatedDisk[] } | undefined;
	/** Things on one page of a list. */
	readonly #page: number;

	constructor(time: VirtualTime, chance: Chance, page: number) {
		this.time = time;
		this.chance = chance;
		this.outages = new Outages(time);
		this.#page = page;
	}

	/** From now on, for some seconds, look-ups tell of things as they are now. */
	becomeStale(): void {
		this.wasStale = true;
		this.#past = { vms: [...this.vms.values()], disks: [...this.disks.values()].map((disk) => ({ ...disk })) };
		this.#staleUntil = this.time.now + this.chance.number(500, STALE_MS);
	}

	machineAt(address: string): SimulatedVm | undefined {
		return [...this.vms.values()].find(({ ips }) => Object.values(ips).includes(address));
	}

	/** The kind of step that is under way for an instance, for the count of faults. */
	cpi(davit: DavitProcess, faults: () => Faults, where: (instance: string | undefined) => string): Cpi {
		const inner = this.#verbs();
		const call = async (verb: Verb, args: readonly unknown[]) => {
			const options = args.at(-1) as CallOptions;
			await davit.alive();
			const who = `${verb} ${subjectOf(args[0])}`;
			const fault = faults().choose(cloudFaults, where(undefined), who);
			const [least, most] = TAKES[verb] ?? [10, 300];
			const takes = this.chance.of(who).number(least, most);
			await this.time.sleep(fault === "slow" ? takes * 10 : takes, options.signal);
			// What a process has asked for is done, though it may sleep by now.
			await davit.notKilled();
			const death = faults().choose(["kill-before", "kill-after"], where(undefined), who);
			if (death === "kill-before") {
				if (verb === "deleteVm") this.#breakVm(args[0] as VmCid);
				if (verb === "createVm") this.#halfMake(args[0] as VmRequest);
				davit.kill();
			}
			const work = inner[verb] as (...all: readonly unknown[]) => Promise<unknown>;
			await davit.notKilled();
			const result = await this.#answer(verb, options, fault, () => work(...args));
			if (death === "kill-after") davit.kill();
			await davit.alive();
			return result;
		};
		const outer = verbs.flatMap((verb) => {
			return inner[verb] ? [[verb, (...args: readonly unknown[]) => call(verb, args)] as const] : [];
		});
		return { ...inner, ...(Object.fromEntries(outer) as unknown as Pick<Cpi, Verb>) };
	}

	async #answer<T>(
		verb: Verb,
		{ signal }: CallOptions,
		fault: CloudFault | undefined,
		next: () => Promise<T>,
	): Promise<T> {
		if (this.outages.is("silent")) throw failure("unavailable", verb, "nobody answers");
		if (fault === "rate-limit") throw failure("rate-limit", verb, "slow down");
		if (fault === "refused") throw failure("quota", verb, "there is no room");
		if (fault === "lost-request") throw failure("unavailable", verb, "the connection was lost");
		if (fault === "silent") await this.time.sleep(86_400_000, signal);
		if (fault === "stale") this.becomeStale();
		const result = await next();
		if (fault === "lost-answer") throw failure("unavailable", verb, "the connection was lost");
		if (fault === "silent-done") await this.time.sleep(86_400_000, signal);
		return result;
	}

	#verbs(): Cpi {
		return {
			info: () => info,
			createStemcell: async ({ key }) => `stemcell-${key}` as StemcellCid,
			deleteStemcell: async () => {},
			createVm: async (request) => this.#createVm(request),
			deleteVm: async (cid) => this.#deleteVm(cid),
			hasVm: async (cid) => this.#seen().vms.some((vm) => vm.cid === cid),
			rebootVm: async (cid) => {
				const { machine } = this.#vm(cid, "rebootVm");
				if (machine.broken) throw failure("unavailable", "rebootVm", `${cid} did not boot`);
				machine.boot();
			},
			setVmMetadata: async (cid, metadata) => {
				const vm = this.#vm(cid, "setVmMetadata");
				vm.metadata = { ...vm.metadata, ...metadata };
			},
			createDisk: async ({ key, owner, sizeMib, metadata, cloudProperties }) => {
				const there = [...this.disks.values()].find((disk) => disk.key === key);
				if (there) return there.cid;
				const cid = `disk-${key}` as DiskCid;
				const made = { cid, key, owner, sizeMib, metadata, cloudProperties };
				this.disks.set(cid, { ...made, attachedTo: undefined, data: undefined });
				return cid;
			},
			deleteDisk: async (cid) => {
				const disk = this.disks.get(cid);
				if (disk?.attachedTo) throw failure("invalid", "deleteDisk", `${cid} is attached`);
				// Nobody ever asks for that here.
				if (disk?.data) this.violate(`${cid} was deleted with what was on it`);
				this.disks.delete(cid);
			},
			hasDisk: async (cid) => this.#seen().disks.some((disk) => disk.cid === cid),
			attachDisk: async (vm, cid) => {
				const disk = this.#disk(cid, "attachDisk");
				this.#vm(vm, "attachDisk");
				const other = [...this.vms.values()].find(
					({ cid: own, machine: { isOn, mounted } }) => own !== vm && isOn && mounted === disk,
				);
				if (other) this.violate(`${cid} was attached to ${vm} while ${other.cid} had it mounted`);
				if (disk.attachedTo !== undefined && disk.attachedTo !== vm)
					throw failure("invalid", "attachDisk", `${cid} is attached to ${disk.attachedTo}`);
				disk.attachedTo = vm;
				return { kind: "serial", serial: cid };
			},
			detachDisk: async (vm, cid) => {
				const disk = this.disks.get(cid);
				if (disk?.attachedTo !== vm) return;
				const machine = this.vms.get(vm)?.machine;
				const used = machine ? [machine.mounted, machine.copied, ...machine.named.values()] : [];
				if (machine?.answered(60_000) && used.includes(disk))
					this.violate(`${cid} was detached while ${vm} had it mounted`);
				disk.attachedTo = undefined;
			},
			resizeDisk: async (cid, sizeMib) => {
				const disk = this.#disk(cid, "resizeDisk");
				if (sizeMib < disk.sizeMib) throw failure("invalid", "resizeDisk", `${cid} can't shrink`);
				disk.sizeMib = sizeMib;
			},
			setDiskMetadata: async (cid, metadata) => {
				this.#disk(cid, "setDiskMetadata").metadata = metadata;
			},
			snapshotDisk: async () => "snapshot" as SnapshotCid,
			deleteSnapshot: async () => {},
			getDisks: async (vm) => this.#seen().disks.flatMap(({ cid, attachedTo }) => (attachedTo === vm ? [cid] : [])),
			calculateVmCloudProperties: async () => ({}),
			list: async (owner, kind, { page }) => this.#list(owner, kind, page),
			find: async (key) =>
				this.#resources("vm")
					.concat(this.#resources("disk"))
					.find((item) => item.key === key),
			close: async () => {},
		};
	}

	#createVm(request: VmRequest): CreatedVm {
		const there = [...this.vms.values()].find((vm) => vm.request.key === request.key);
		if (there) return { cid: there.cid, ips: there.ips };
		const cid = `vm-${request.key}` as VmCid;
		const ips = Object.fromEntries(Object.entries(request.networks).map(([name, { ip = "" }]) => [name, ip]));
		for (const ip of Object.values(ips)) {
			const other = this.machineAt(ip);
			if (other) throw failure("invalid", "createVm", `${ip} is the address of ${other.cid}`);
		}
		if ("agent" in request.seed) throw failure("unsupported", "createVm", "no agents");
		const machine = new SimulatedMachine(this, cid, request.name, request.seed.hostKey.publicKey);
		machine.boot();
		this.vms.set(cid, { cid, request, ips, machine, metadata: request.metadata });
		return { cid, ips };
	}

	#deleteVm(cid: VmCid): void {
		const vm = this.vms.get(cid);
		if (!vm) return;
		for (const disk of this.disks.values())
			if (disk.attachedTo === cid) {
				if (vm.machine.isOn) this.violate(`${cid} was deleted with ${disk.cid} attached`);
				disk.attachedTo = undefined;
			}
		vm.machine.end();
		this.vms.delete(cid);
	}

	/** Now and then a deletion that is cut short has begun: the VM is listed, and will never run again. */
	#breakVm(cid: VmCid, always = false): void {
		const vm = this.vms.get(cid);
		if (!vm || (!always && !this.chance.of(`half of ${cid}`).happens(0.5))) return;
		vm.machine.end();
		vm.machine.broken = true;
	}

	/** Now and then a creation that is cut short has made a VM that does not run: it is listed, and has its address. */
	#halfMake(request: VmRequest): void {
		if (!this.chance.of(`half of ${request.key}`).happens(0.5)) return;
		const { cid } = this.#createVm(request);
		this.#breakVm(cid, true);
		this.halfMade.add(cid);
	}

	#vm(cid: VmCid, operation: Verb): SimulatedVm {
		const vm = this.vms.get(cid);
		if (!vm) throw failure("not-found", operation, `there is no VM ${cid}`);
		return vm;
	}

	#disk(cid: DiskCid, operation: Verb): SimulatedDisk {
		const disk = this.disks.get(cid);
		if (!disk) throw failure("not-found", operation, `there is no disk ${cid}`);
		return disk;
	}

	#seen() {
		if (this.#past && this.time.now < this.#staleUntil) return this.#past;
		return { vms: [...this.vms.values()], disks: [...this.disks.values()] };
	}

	#resources(kind: ResourceKind): CloudResource[] {
		const { vms, disks } = this.#seen();
		if (kind === "vm")
			return vms
				.filter(({ request }) => !this.outages.is("hidden", request.name))
				.map(({ cid, request: { key, owner, name }, ips, machine, metadata }) => ({
					...{ kind, cid, key, owner, name, metadata },
					ips: Object.values(ips),
					state: machine.isOn ? "running" : "stopped",
				}));
		if (kind !== "disk") return [];
		return disks.map(({ cid, key, owner, sizeMib, attachedTo, metadata }) => ({
			...{ kind, cid, key, owner, name: cid, sizeMib, metadata },
			...(attachedTo === undefined ? {} : { attachedTo }),
		}));
	}

	#list(owner: Partial<Owner>, kind: ResourceKind, page = "0"): Page {
		const all = this.#resources(kind).filter(
			(item) =>
				(owner.store === undefined || item.owner.store === owner.store) &&
				(owner.deployment === undefined || item.owner.deployment === owner.deployment),
		);
		const from = Number(page);
		const items = all.slice(from, from + this.#page);
		return { items, ...(from + this.#page < all.length ? { next: String(from + this.#page) } : {}) };
	}

	violate(what: string): void {
		this.violations.push(`${what}, at ${(this.time.now - this.time.begin) / 1_000} s`);
	}
}

/** What a call is about: a cid, a key, or whose. */
function subjectOf(first: unknown): string {
	if (typeof first === "string") return first;
	return String((first as { readonly key?: string }).key ?? "all");
}

function failure(kind: CpiError["kind"], operation: string, message: string): CpiError {
	return new CpiError(message, { kind, iaas: "simulated", operation });
}
