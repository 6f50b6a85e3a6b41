import { type Problem, warning } from "../errors.ts";
import type { Cloud } from "../manifest/cloud.ts";
import type { Deployment, InstanceGroup } from "../manifest/deployment.ts";
import { parseIp } from "../manifest/ip.ts";
import { type DesiredInstance, shapeDigests } from "./desired.ts";
import { pathOfGroup } from "./manifest-path.ts";
import type { SharedLinks } from "./shared-links.ts";
import type { InstanceName } from "./step.ts";

export interface SwapInput {
	readonly deployment: Deployment;
	readonly cloud: Cloud;
	/** At the addresses that they have. */
	readonly instances: readonly DesiredInstance[];
	readonly shared: SharedLinks;
	/** Instances that get another VM whatever they are. */
	readonly recreated: (instance: InstanceName) => boolean;
	/** Instances that nothing is done to. */
	readonly untouched: (instance: InstanceName) => boolean;
}

/**
 * The instances whose next VM can be made while the old one runs (`vm_strategy: create-swap-delete`), by id; and warnings of groups where that
 * can't be, though the manifest wants it. Another VM has other addresses: who is not told of them by name must not depend on them.
 */
export function swappable(input: SwapInput): {
	readonly ids: ReadonlySet<string>;
	readonly warnings: readonly Problem[];
} {
	const { deployment, instances } = input;
	const replaced = instances.filter((instance) => isReplaced(instance, input));
	const ids = new Set<string>();
	const warnings: Problem[] = [];
	for (const [group, members] of Map.groupBy(replaced, (instance) => instance.group)) {
		const why = obstacle(group, members, input);
		if (why)
			warnings.push(
				notSwapped(
					deployment,
					group,
					members.map(({ name }) => name),
					why,
				),
			);
		else for (const { placed } of members) ids.add(placed.id);
	}
	return { ids, warnings };
}

function isReplaced({ name, group, record, shape }: DesiredInstance, { recreated, untouched }: SwapInput): boolean {
	const vm = record?.vm;
	if (group.update.vmStrategy !== "create-swap-delete" || untouched(name)) return false;
	if (!vm?.bootstrapped || vm.deleting || record?.ignore || record?.wanted !== "started") return false;
	return recreated(name) || Object.entries(shapeDigests(shape)).some(([part, digest]) => vm.shape[part] !== digest);
}

interface Obstacle {
	readonly message: string;
	readonly hint: string;
}

function obstacle(
	group: InstanceGroup,
	members: readonly DesiredInstance[],
	{ cloud, instances, shared }: SwapInput,
): Obstacle | undefined {
	const fixed = group.networks.find(({ staticIps }) => staticIps.length > 0);
	if (fixed)
		return {
			message: `its addresses on network "${fixed.name}" are static, and two VMs can't have one`,
			hint: "write delete-create for this group to say so, or leave its addresses to davit",
		};
	const other = group.networks.find(({ name }) => {
		return cloud.networks.find((network) => network.name === name)?.type !== "manual";
	});
	if (other)
		return {
			message: `network "${other.name}" is not manual, and davit gives out a second address on manual networks alone`,
			hint: "write delete-create for this group to say so, or put it on a manual network",
		};
	if (shared.links.some(({ from }) => from.group.name === group.name))
		return {
			message: "it shares links with other deployments, which would not be told its new addresses",
			hint: "write delete-create for this group to say so",
		};
	const consumer = consumerOfAddresses(members, instances);
	if (consumer === undefined) return undefined;
	return {
		message: `${consumer} has its addresses themselves, which change with the VM, and not its names`,
		hint: "set features: {use_dns_addresses: true}, or write delete-create for this group to say so",
	};
}

/** A job whose link leads to one of them by address. */
function consumerOfAddresses(
	members: readonly DesiredInstance[],
	instances: readonly DesiredInstance[],
): string | undefined {
	const ids = new Set(members.map(({ placed }) => placed.id));
	for (const { group, jobs } of instances)
		for (const { ref, links } of jobs)
			for (const [link, { instances: targets }] of Object.entries(links))
				if (targets.some(({ id, address }) => ids.has(id) && parseIp(address)))
					return `job ${ref.name} of group ${group.name} (link ${link})`;
	return undefined;
}

/** Warns that there is no address for the next VM of some instances: `full` says on which network, by id. */
export function withoutRoom(
	{ deployment, instances }: Pick<SwapInput, "deployment" | "instances">,
	full: ReadonlyMap<string, string>,
): readonly Problem[] {
	const members = instances.filter(({ placed }) => full.has(placed.id));
	return [...Map.groupBy(members, ({ group }) => group)].map(([group, own]) => {
		const networks = [...new Set(own.map(({ placed }) => full.get(placed.id)))];
		return notSwapped(
			deployment,
			group,
			own.map(({ name }) => name),
			{
				message: `there is no free address for a second VM on network "${networks.join('", "')}"`,
				hint: "widen the subnet's range, or write delete-create for this group to say so",
			},
		);
	});
}

function notSwapped(
	deployment: Deployment,
	group: InstanceGroup,
	names: readonly InstanceName[],
	{ message, hint }: Obstacle,
): Problem {
	const text = `${names.join(", ")}: each VM is deleted before the new one is made (delete-create): ${message}`;
	const place = { path: `${pathOfGroup(deployment, group)}/update/vm_strategy` };
	return warning("not-swapped", text, { place, hint });
}
