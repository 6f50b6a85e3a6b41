import type { Call } from "../../src/cpi/call.ts";
import type { CloudResource, Owner, Page, ResourceKind, VmCid } from "../../src/cpi/cpi.ts";
import { holderOf } from "./disks.ts";
import { EPHEMERAL } from "./domain.ts";
import type { Host } from "./host.ts";
import { cidOf, type Kind, nameOf } from "./names.ts";
import { ALL, type Observed, observe } from "./observe.ts";

const PAGE_SIZE = 100;

/** What libvirt calls what the port calls otherwise. Addresses and ports are parts of a VM here: there are none of their own. */
const KINDS: Readonly<Partial<Record<ResourceKind, Kind>>> = {
	vm: "vm",
	disk: "disk",
	snapshot: "snapshot",
	image: "stemcell",
};

function vms({ domains }: Observed, host: string | undefined): readonly CloudResource[] {
	return domains.map(({ name, record, state }) => ({
		kind: "vm",
		cid: cidOf({ name, host }),
		key: record.key,
		owner: record.owner,
		name: record.name,
		state,
		ips: record.nics.flatMap(({ ip }) => ip ?? []),
		...(record.ephemeral ? { ephemeralDisk: EPHEMERAL } : {}),
		metadata: record.metadata,
		...(host === undefined ? {} : { details: { host } }),
	}));
}

function volumes(
	{ records, domains }: Observed,
	kind: ResourceKind,
	host: string | undefined,
): readonly CloudResource[] {
	return [...records].map(([name, { record }]) => {
		const holder = kind === "disk" ? holderOf(name, domains)?.name : undefined;
		const { key, owner, sizeMib, metadata, disk, image } = record;
		const shown = image ? `${image.os}/${image.version}` : disk === undefined ? name : `${name} of ${disk}`;
		return {
			kind,
			cid: kind === "image" ? name : cidOf({ name, host }),
			key,
			owner,
			name: shown,
			sizeMib,
			metadata,
			...(holder === undefined ? {} : { attachedTo: cidOf({ name: holder, host }) as VmCid }),
		};
	});
}

async function resources(
	call: Call,
	host: Host,
	kind: ResourceKind,
	wanted: (name: string) => boolean,
): Promise<readonly CloudResource[]> {
	const prefix = KINDS[kind];
	if (prefix === undefined) return [];
	const { name } = host.config;
	if (kind === "vm") return vms(await observe(call, host, { domains: wanted }), name);
	const records = (each: string) => each.startsWith(`${prefix}-`) && wanted(each);
	const observed = await observe(call, host, { records, ...(kind === "disk" ? { domains: ALL } : {}) });
	return volumes(observed, kind, name);
}

/** The same stemcell is on every host: it is told of once. */
function distinct(found: readonly CloudResource[]): readonly CloudResource[] {
	return [...new Map(found.map((resource) => [resource.cid, resource])).values()];
}

/** A page of what is in `all`, in the order of the cids. `after` is the last cid of the page before. */
export function pageOf(all: readonly CloudResource[], after: string | undefined): Page {
	const sorted = [...all].sort((one, other) => (one.cid < other.cid ? -1 : 1));
	const rest = sorted.filter(({ cid }) => after === undefined || cid > after);
	const items = rest.slice(0, PAGE_SIZE);
	const last = items.at(-1);
	return rest.length > items.length && last ? { items, next: last.cid } : { items };
}

/** A page of what carries the owner's mark, on all hosts. A host that doesn't answer fails it: what is there must not look gone. */
export async function listResources(
	call: Call,
	hosts: readonly Host[],
	owner: Partial<Owner>,
	kind: ResourceKind,
	after: string | undefined,
): Promise<Page> {
	const found = await Promise.all(hosts.map((host) => resources(call, host, kind, ALL)));
	const own = found
		.flat()
		.filter(
			(resource) =>
				(owner.store === undefined || resource.owner.store === owner.store) &&
				(owner.deployment === undefined || resource.owner.deployment === owner.deployment),
		);
	return pageOf(distinct(own), after);
}

/** What was made with that key, whoever owns it. */
export async function findResource(
	call: Call,
	hosts: readonly Host[],
	key: string,
): Promise<CloudResource | undefined> {
	for (const host of hosts) {
		const wanted = new Set(Object.values(KINDS).map((kind) => nameOf(kind, key)));
		const isWanted = (name: string) => wanted.has(name);
		const observed = await observe(call, host, { domains: isWanted, records: isWanted });
		const [vm] = vms(observed, host.config.name);
		if (vm) return vm;
		const [name] = observed.records.keys();
		const kind = Object.keys(KINDS).find((each) => name?.startsWith(`${KINDS[each as ResourceKind]}-`));
		if (kind === undefined) continue;
		return (await resources(call, host, kind as ResourceKind, isWanted))[0];
	}
	return undefined;
}
