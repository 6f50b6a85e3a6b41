import { buildDesired } from "../../plan/build-desired.ts";
import type { DesiredInstance } from "../../plan/desired.ts";
import { placeInstances } from "../../plan/place.ts";
import type { InstanceRecord } from "../../state/state.ts";
import type { CliContext } from "../command.ts";
import type { Inputs } from "./manifest.ts";

/** The service instances of a manifest as far as it tells of them without its releases: place, VM, disk and group. */
export function recordedInstances(
	{ deployment, cloud }: Pick<Inputs, "deployment" | "cloud">,
	recorded: readonly InstanceRecord[],
	{ random }: Pick<CliContext, "random">,
): readonly DesiredInstance[] {
	const placement = placeInstances(deployment, cloud, recorded, {
		usedElsewhere: new Set(),
		newId: random.uuid,
		include: ({ lifecycle }) => lifecycle === "service",
	});
	const nobody = () => undefined;
	return buildDesired({
		...{ deployment, cloud, placement, releases: new Map(), disks: [] },
		...{ stemcell: nobody, vmResources: nobody, cgroups: nobody, linksElsewhere: () => "no such deployment" },
	}).instances;
}
