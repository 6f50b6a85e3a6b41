import { type Problem, problem, warning } from "../errors.ts";
import type { Cloud, Compilation } from "../manifest/cloud.ts";
import type { Deployment, InstanceGroup, ValueMap } from "../manifest/deployment.ts";
import { buildDesired, type DesiredInput } from "./build-desired.ts";
import type { DesiredInstance } from "./desired.ts";
import { placeInstances } from "./place.ts";
import type { PlacedInstance } from "./placed.ts";
import { type CompilationVms, type CompileNeed, workersFor } from "./plan-compile.ts";
import { counted } from "./titles.ts";

export interface CompilationVmsInput extends Pick<DesiredInput, "stemcell"> {
	readonly deployment: Deployment;
	readonly cloud: Cloud & { readonly compilation: Compilation };
	/** What has to be compiled. */
	readonly needs: readonly CompileNeed[];
	/** Addresses that somebody has. */
	readonly used: ReadonlySet<string>;
	/** Names of groups that instances are recorded of. */
	readonly groups: ReadonlySet<string>;
	readonly newId: () => string;
	/** The CPI's for the block's `vm_resources`, else the block's own. */
	readonly cloudProperties: ValueMap;
}

/**
 * The VMs of the cloud file's `compilation` block that the packages keep busy: at most `workers` for each stemcell, and no more than there
 * are free addresses, of which a warning tells. They are placed as an instance group is.
 */
export function compilationVms(input: CompilationVmsInput): {
	readonly vms: CompilationVms;
	readonly problems: readonly Problem[];
} {
	const { compilation } = input.cloud;
	const wanted = input.needs.map((need) => ({ ...need, count: workersFor(need, compilation.workers) }));
	const total = wanted.reduce((sum, { count }) => sum + count, 0);
	const group = groupOf(input, total);
	const deployment = { ...input.deployment, instanceGroups: [group], addons: [] };
	const { usedElsewhere, newId } = { usedElsewhere: input.used, newId: input.newId };
	const placement = placeInstances(deployment, input.cloud, [], { usedElsewhere, newId, include: () => true });
	const all = placement.groups.flatMap(({ instances }) => instances.map(({ placed }) => placed));
	const free = all.filter((placed) => hasAddress(placed, compilation.network));
	const shares = shareOut(
		wanted.map(({ count }) => count),
		free,
	);
	const groups = wanted.map(({ stemcell }, index) => ({
		group: { ...group, stemcell: stemcell.alias },
		instances: (shares[index] ?? []).map((placed) => ({ placed })),
	}));
	const nobody = () => undefined;
	const { instances } = buildDesired({
		...{ deployment, cloud: input.cloud, placement: { groups, obsolete: [], problems: [] } },
		...{ releases: new Map(), disks: [], stemcell: input.stemcell, vmResources: () => input.cloudProperties },
		...{ linksElsewhere: () => "no such deployment", cgroups: nobody },
	});
	const byName = new Map(instances.map((instance) => [instance.name, instance]));
	const vms = wanted.map(({ stemcell }, index) => {
		const names = (shares[index] ?? []).map((placed) => `${placed.group}/${placed.index}`);
		return [stemcell.line, names.flatMap((name) => byName.get(name) ?? [])] as const;
	});
	return {
		vms: new Map(vms),
		problems: [...tooFew(compilation, total, free.length, wanted.length), ...vms.flatMap(otherImage)],
	};
}

/** An instance group as if the manifest had it. */
function groupOf({ deployment, cloud: { compilation }, groups }: CompilationVmsInput, instances: number) {
	let name = "compilation";
	const taken = new Set([...groups, ...deployment.instanceGroups.map((group) => group.name)]);
	while (taken.has(name)) name += "-vm";
	const { az, network, vmType, vmExtensions, env } = compilation;
	return {
		...{ name, instances, vmExtensions, env, lifecycle: "compilation", update: deployment.update },
		azs: az === undefined ? [] : [az],
		networks: [{ name: network, staticIps: [], default: [] }],
		...(vmType === undefined ? {} : { vmType }),
		...{ stemcell: "", jobs: [], persistentDisks: [], migratedFrom: [], tags: {}, properties: {} },
	} satisfies InstanceGroup;
}

/** The cloud chooses those of a dynamic network. */
function hasAddress({ networks }: PlacedInstance, network: string): boolean {
	const own = networks[network];
	return own?.type === "dynamic" || own?.ip !== undefined;
}

/** One for each in turn, until all have what they want or nothing is left. */
function shareOut(counts: readonly number[], from: readonly PlacedInstance[]): readonly (readonly PlacedInstance[])[] {
	const shares: PlacedInstance[][] = counts.map(() => []);
	const left = [...from];
	for (let round = 1; left.length > 0 && round <= Math.max(0, ...counts); round += 1)
		for (const [index, count] of counts.entries()) {
			const next = count >= round ? left.shift() : undefined;
			if (next) shares[index]?.push(next);
		}
	return shares;
}

function tooFew({ network, az }: Compilation, wanted: number, free: number, least: number): readonly Problem[] {
	if (free >= wanted) return [];
	const left = free === 0 ? "no free address" : `${free} free ${free === 1 ? "address" : "addresses"}`;
	const where = `network "${network}" has ${left}${az === undefined ? "" : ` in AZ "${az}"`}`;
	const hint =
		"name another network under compilation: in the cloud file, or widen its subnet's range; without --compilation-vms packages compile on the deployment's own VMs";
	if (free < least)
		return [problem("no-address", `${where}, and compilation needs a VM for each stemcell: ${least}`, { hint })];
	return [
		warning("few-addresses", `${where}: packages compile on ${counted(free, "VM")} instead of ${wanted}`, { hint }),
	];
}

/** A stemcell may be another image at another cloud. */
function otherImage([line, instances]: readonly [string, readonly DesiredInstance[]]): readonly Problem[] {
	const { stemcell, cpi } = instances[0]?.shape ?? {};
	if (!stemcell || `${stemcell.os}/${stemcell.version}` === line) return [];
	const message = `compilation: CPI "${cpi}" has ${stemcell.os}/${stemcell.version} in place of ${line}, so what compiles there does not fit the instances`;
	return [problem("other-stemcell", message, { hint: "name an AZ under compilation: that has the same stemcell" })];
}
