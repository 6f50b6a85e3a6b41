import type { DesiredInstance } from "./desired.ts";
import type { InstanceDiff } from "./diff-instance.ts";
import type { InstanceName, Step } from "./step.ts";
import { titleOf } from "./titles.ts";

/**
 * Adds to the steps of an instance's turn what tells the others its address, where its strategy may give it another one. Of one that is swapped
 * they are told beside what brings its jobs up; those that could not be are told before the old VM is deleted. `instances` are all of the
 * deployment.
 */
export function publishing(
	instances: readonly DesiredInstance[],
): (diff: InstanceDiff, chain: readonly Step[]) => readonly Step[] {
	if (!instances.some(swaps)) return (_, chain) => chain;
	const seenBy = new Map<string, Set<InstanceName>>();
	for (const { name, hosts } of instances)
		for (const line of hosts.split("\n")) {
			const [ip = ""] = line.split(" ", 1);
			seenBy.set(ip, (seenBy.get(ip) ?? new Set()).add(name));
		}
	const seeAll = instances.flatMap(({ name, records }) => (records === undefined ? [] : [name]));
	return ({ desired, vm, action }, chain) => {
		const { name, placed, record } = desired;
		const ips = Object.values(placed.networks).flatMap(({ ip }) => ip ?? []);
		const to = new Set([...seeAll, ...ips.flatMap((ip) => [...(seenBy.get(ip) ?? [])])]);
		to.delete(name);
		const stays = !record || vm === "keep" || vm === "power-on" || vm === "remove" || action === "names";
		if (stays || to.size === 0 || !swaps(desired)) return chain;
		const publish = (after: readonly string[], mayMiss?: true): Step => {
			const data = { kind: "publish-names", to: [...to].sort(), ...(mayMiss ? { mayMiss } : {}) } as const;
			const id = `publish-names ${name}${mayMiss ? " at once" : ""}`;
			return { ...data, id, title: titleOf(data, name), after, instance: name };
		};
		const idOf = (step: Step | undefined) => step?.id ?? "";
		const swap = chain.findIndex(({ kind }) => kind === "swap-vm");
		if (swap < 0) return [...chain, publish([idOf(chain.at(-1))])];
		const early = publish([idOf(chain[swap])], true);
		const late = publish([idOf(chain.at(-2)), early.id]);
		const last = chain.at(-1) as Step;
		return [...chain.slice(0, swap + 1), early, ...chain.slice(swap + 1, -1), late, { ...last, after: [late.id] }];
	};
}

function swaps({ group }: DesiredInstance): boolean {
	return group.update.vmStrategy === "create-swap-delete";
}
