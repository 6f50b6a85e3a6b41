import { UserError } from "../../errors.ts";
import type { FormerInstance } from "../../plan/change-report.ts";
import { groupJobs } from "../../plan/group-jobs.ts";
import type { InstanceName } from "../../plan/step.ts";
import type { DeploymentRun } from "./deployment-run.ts";
import { recordedInputs } from "./manifest.ts";
import { recordedInstances } from "./recorded-instances.ts";

/**
 * What the recorded manifest and cloud file wanted of each instance, as far as they tell it without releases. Empty before the first deploy
 * has finished, and where this davit does not take them any more.
 */
export function formerInstances({
	former,
	key,
	records,
	context,
}: DeploymentRun): ReadonlyMap<InstanceName, FormerInstance> {
	if (former?.deployedAt === undefined) return new Map();
	try {
		const { deployment, cloud } = recordedInputs(former, key);
		const instances = recordedInstances({ deployment, cloud }, records.instances(), context);
		const osOf = (alias: string) => deployment.stemcells.find((stemcell) => stemcell.alias === alias)?.os ?? "";
		return new Map(
			instances.map((desired) => {
				const { group } = desired;
				return [desired.name, { desired, jobs: groupJobs(group, deployment, osOf(group.stemcell)) }];
			}),
		);
	} catch (error) {
		if (error instanceof UserError) return new Map();
		throw error;
	}
}
