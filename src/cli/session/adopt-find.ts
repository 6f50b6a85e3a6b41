import { listAll } from "../../apply/observe.ts";
import type { CloudResource } from "../../cpi/cpi.ts";
import { problem, UserError } from "../../errors.ts";
import type { FoundDisk } from "../../plan/found-disks.ts";
import type { FoundVm } from "../../plan/found-vms.ts";
import { counted } from "../../plan/titles.ts";
import type { CliContext } from "../command.ts";
import type { Cpis } from "./cpis.ts";

export const storeOption = {
	flags: "--store <uuid>",
	about: "which lost state store, if VMs of several are there",
} as const;

/** What is at the clouds of a deployment that one store made. */
export interface Found {
	/** Of that store. */
	readonly uuid: string;
	readonly vms: readonly FoundVm[];
	/** Those that hang on its VMs, and those that nothing has. */
	readonly disks: readonly FoundDisk[];
}

interface FindOptions {
	readonly deployment: string;
	/** Only of this store. */
	readonly store: string | undefined;
}

/** Asks the clouds what carries the deployment's mark, whichever store made it. Throws a UserError if there is nothing, or of several stores. */
export async function findDeployment(cpis: Cpis, options: FindOptions, context: CliContext): Promise<Found> {
	const { deployment } = options;
	refuseBlindClouds(cpis);
	const list = (kind: "vm" | "disk", owner: { readonly store?: string; readonly deployment?: string }) =>
		listEverywhere(cpis, kind, owner, context);
	const [vms, disks] = await Promise.all([list("vm", { deployment }), list("disk", { deployment })]);
	const uuid = chooseStore([...vms, ...disks], options);
	const own = vms.filter(({ resource }) => resource.owner.store === uuid);
	const cids = new Set(own.map(({ resource }) => resource.cid));
	// A disk keeps the mark of the deployment that made it; its tags tell which one has it now.
	const all = await list("disk", { store: uuid });
	const isOwn = ({ attachedTo, metadata, owner }: CloudResource) =>
		attachedTo === undefined ? (metadata.deployment ?? owner.deployment) === deployment : cids.has(attachedTo);
	return {
		uuid,
		vms: own.map(({ cpi, resource }) => ({ cpi, vm: resource })),
		disks: all.filter(({ resource }) => isOwn(resource)).map(({ cpi, resource }) => ({ cpi, disk: resource })),
	};
}

interface Listed {
	readonly cpi: string;
	readonly resource: CloudResource;
}

async function listEverywhere(
	cpis: Cpis,
	kind: "vm" | "disk",
	owner: { readonly store?: string; readonly deployment?: string },
	{ signal }: CliContext,
): Promise<readonly Listed[]> {
	const found = await Promise.all(
		[...cpis.all()].map(async ([cpi, port]) => {
			if (kind === "disk" && !port.info().can.persistentDisks) return [];
			return (await listAll(port, kind, { owner, signal })).map((resource) => ({ cpi, resource }));
		}),
	);
	return found.flat();
}

function refuseBlindClouds(cpis: Cpis): void {
	const blind = [...cpis.all()].flatMap(([name, cpi]) => (cpi.info().can.list ? [] : [name]));
	if (blind.length === 0) return;
	throw new UserError(
		problem("cloud-without-list", `CPI ${blind.join(", ")} can't tell what is at its cloud`, {
			hint: "restore the state store from a backup: davit state backup makes one",
		}),
	);
}

function chooseStore(found: readonly Listed[], { deployment, store }: FindOptions): string {
	const stores = Map.groupBy(found, ({ resource }) => resource.owner.store);
	const withVms = [...stores].filter(([, all]) => all.some(({ resource }) => resource.kind === "vm"));
	const candidates = withVms.length > 0 ? withVms : [...stores];
	if (store !== undefined && stores.has(store)) return store;
	const told = [...stores].map(([uuid, all]) => `\n  ${uuid}: ${shownCounts(all)}`).join("");
	if (store !== undefined || stores.size === 0)
		throw new UserError(
			problem(
				"nothing-to-adopt",
				`the clouds have nothing of deployment ${deployment}${store ? ` and store ${store}` : ""}`,
				{
					hint:
						told === ""
							? "check the manifest's name, and that --cloud names the files that it was deployed with"
							: `there is of other stores:${told}`,
				},
			),
		);
	const [only] = candidates;
	if (only && candidates.length === 1) return only[0];
	throw new UserError(
		problem("which-store", `${deployment}: several state stores made what is at the clouds:${told}`, {
			hint: `choose one with --store, as in --store ${only?.[0]}`,
		}),
		{ exitCode: 64 },
	);
}

function shownCounts(all: readonly Listed[]): string {
	const count = (kind: string) => all.filter(({ resource }) => resource.kind === kind).length;
	return `${counted(count("vm"), "VM")}, ${counted(count("disk"), "disk")}`;
}
