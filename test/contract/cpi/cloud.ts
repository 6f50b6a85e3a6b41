import { randomUUID } from "node:crypto";
import { expect } from "vitest";
import type {
	CallOptions,
	CloudProperties,
	CloudResource,
	Cpi,
	DiskRequest,
	Owner,
	ResourceKind,
	StemcellCid,
	StemcellImage,
	VmCid,
	VmNetwork,
	VmRequest,
} from "../../../src/cpi/cpi.ts";
import { decorate } from "../../../src/cpi/decorate.ts";
import { generateKeyPair } from "../../../src/ssh/keys.ts";
import { realClock } from "../../support/real-clock.ts";

/** A subnet at the cloud that is the suite's alone, and addresses in it that nothing has: ten of the first one, two of each other. */
export interface CloudNetwork extends Pick<VmNetwork, "prefix" | "gateway" | "dns" | "cloudProperties"> {
	readonly free: readonly string[];
}

/** A cloud that the suite may fill and empty. What a cloud can't show is absent: the tests that need it are skipped, and say so. */
export interface Cloud {
	/** A davit of its own on this cloud. `kill` ends it as it stands, calls in hand or not. */
	connect(): Promise<{ readonly cpi: Cpi; kill?(): Promise<void> }>;
	readonly image: Pick<StemcellImage, "os" | "version" | "cloudProperties" | "open">;
	readonly vm: CloudProperties;
	readonly disk: CloudProperties;
	/** Small, bigger, biggest: sizes in MiB that this cloud's disks can have. */
	readonly diskSizes: readonly [number, number, number];
	/** At least one; the first one is dialled. */
	readonly networks: readonly CloudNetwork[];
	readonly dynamic?: CloudProperties;
	readonly ipv6?: CloudNetwork;
	/** So many disks need more than one page of a list. Absent: too many to make here. */
	readonly disksOfTwoPages?: number;
	/** Powers a VM off without asking the CPI. */
	pullPlug?(vm: VmCid): Promise<void>;
	/** Runs a script as root in a VM that was made with `seedOf()`. */
	run?(vm: CloudResource, script: string): Promise<string>;
	/** What the cloud still holds of VMs, disks, snapshots and their networks, found out without the CPI. */
	residue(): Promise<readonly string[]>;
	close(): Promise<void>;
}

const hostKey = generateKeyPair("contract host");
const login = generateKeyPair("contract login");

/** How the guests of this suite are entered. */
export const guest = { user: "davit", login, hostKey };

/** A cloud with a stemcell on it, and what the tests make there. */
export interface Bench {
	readonly cloud: Cloud;
	/** As davit calls it: with its decorators. */
	readonly cpi: Cpi;
	/** Without them. */
	readonly bare: Cpi;
	readonly stemcell: StemcellCid;
	readonly owner: Owner;
	/** A request with keys and addresses of its own. */
	vm(more?: Partial<VmRequest> & { readonly ip?: string }): VmRequest;
	disk(more?: Partial<DiskRequest>): DiskRequest;
	manual(network: CloudNetwork | undefined, ip: string | undefined): VmNetwork;
	list(owner: Partial<Owner>, kind: ResourceKind, cpi?: Cpi): Promise<readonly CloudResource[]>;
	/** Deletes what `list` tells of these owners, VMs first. */
	clear(...owners: readonly { store: string; deployment?: string }[]): Promise<void>;
}

export const patient: CallOptions = { signal: new AbortController().signal, deadlineMs: 110_000 };

export function newOwner(deployment = "contract"): Owner {
	return { store: randomUUID(), deployment };
}

/** In the form of davit's own keys. */
export function newKey(): string {
	return `davit-${randomUUID()}`;
}

/** Processes that were told to end may need a moment. */
export async function expectNoResidue(cloud: Cloud, when: string): Promise<void> {
	await expect.poll(() => cloud.residue(), { message: when, timeout: 10_000 }).toEqual([]);
}

export function decorated(cpi: Cpi): Cpi {
	return decorate(cpi, {
		clock: realClock,
		random: { bytes: (length) => crypto.getRandomValues(new Uint8Array(length)) },
		limit: 8,
		onCall: () => {},
		onRetry: () => {},
	});
}

export async function openBench(cloud: Cloud): Promise<Bench> {
	const { cpi: bare } = await cloud.connect();
	const cpi = decorated(bare);
	const owner = newOwner();
	const [first] = cloud.networks;
	const stemcell = await cpi.createStemcell({ ...cloud.image, key: newKey(), owner }, patient);
	const manual: Bench["manual"] = (network, ip) => {
		if (network === undefined || ip === undefined) throw new Error("the cloud under test has too few addresses");
		const { free: _, ...settings } = network;
		return { type: "manual", ip, default: network === first ? ["dns", "gateway"] : [], ...settings };
	};
	const list: Bench["list"] = async (whose, kind, through = cpi) => {
		const found: CloudResource[] = [];
		for (let page: string | undefined, more = true; more; more = page !== undefined) {
			const { items, next } = await through.list(whose, kind, { ...patient, ...(page === undefined ? {} : { page }) });
			found.push(...items);
			page = next;
		}
		return found;
	};
	return {
		cloud,
		cpi,
		bare,
		stemcell,
		owner,
		manual,
		list,
		vm: ({ ip, ...more } = {}) => ({
			key: newKey(),
			owner,
			name: "database/0",
			stemcell,
			cloudProperties: cloud.vm,
			networks: { default: manual(first, ip ?? first?.free[0]) },
			disks: [],
			seed: { hostname: "database-0", loginUser: guest.user, authorizedKeys: [login.publicKey], hostKey },
			env: {},
			metadata: { job: "database", index: "0" },
			...more,
		}),
		disk: (more = {}) => ({
			key: newKey(),
			owner,
			sizeMib: cloud.diskSizes[0],
			cloudProperties: cloud.disk,
			metadata: {},
			...more,
		}),
		clear: async (...owners) => {
			for (const whose of owners) {
				for (const { cid } of await list(whose, "vm")) await cpi.deleteVm(cid as VmCid, patient);
				for (const { cid } of await list(whose, "snapshot")) await cpi.deleteSnapshot(cid as never, patient);
				for (const { cid } of await list(whose, "disk")) await cpi.deleteDisk(cid as never, patient);
			}
		},
	};
}
