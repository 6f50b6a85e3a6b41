import type { InstanceRecord } from "../state/state.ts";
import { buildDesired, type DesiredInput } from "./build-desired.ts";
import { type Placement, type PlaceOptions, placeInstances } from "./place.ts";
import { type SwapInput, swappable, withoutRoom } from "./swaps.ts";

type Built = ReturnType<typeof buildDesired>;

export interface PlaceAndBuildOptions
	extends Omit<PlaceOptions, "swapped">,
		Pick<SwapInput, "recreated" | "untouched"> {
	readonly recorded: readonly InstanceRecord[];
}

/**
 * Places all instances and builds what is wanted of each. Those whose next VM is made while the old one runs get other addresses; which they
 * are is seen once everything was built at the addresses that they have.
 */
export function placeAndBuild(
	input: Omit<DesiredInput, "placement">,
	{ recorded, recreated, untouched, newId, ...options }: PlaceAndBuildOptions,
): { readonly built: Built; readonly placement: Placement } {
	const { deployment, cloud } = input;
	const ids: string[] = [];
	const build = (swapped: ReadonlySet<string>) => {
		let next = 0;
		const sameId = () => {
			const id = ids[next] ?? newId();
			ids[next++] = id;
			return id;
		};
		const placement = placeInstances(deployment, cloud, recorded, { ...options, newId: sameId, swapped });
		return { placement, built: buildDesired({ ...input, placement }) };
	};
	const inPlace = build(new Set());
	const { instances, shared } = inPlace.built;
	const asked = { deployment, cloud, instances, shared, recreated, untouched };
	const swaps = swappable(asked);
	const warned = (built: Built, full: ReadonlyMap<string, string>): Built => ({
		...built,
		problems: [...built.problems, ...swaps.warnings, ...withoutRoom(asked, full)],
	});
	if (swaps.ids.size === 0) return { ...inPlace, built: warned(inPlace.built, new Map()) };
	const { placement, built } = build(swaps.ids);
	const shapes = new Map(instances.map(({ placed, shape }) => [placed.id, shape]));
	const moved = built.instances.map((instance) => {
		const { id } = instance.placed;
		const shapeInPlace = swaps.ids.has(id) && !placement.withoutRoom.has(id) ? shapes.get(id) : undefined;
		return shapeInPlace ? { ...instance, shapeInPlace } : instance;
	});
	return { placement, built: warned({ ...built, instances: moved }, placement.withoutRoom) };
}
