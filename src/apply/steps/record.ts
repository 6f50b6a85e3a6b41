import type { Step } from "../../plan/step.ts";
import type { ApplyContext } from "../context.ts";

/** The instance is gone: its VM was deleted and its disk orphaned before. */
export async function deleteInstance(
	step: Step & { instance: string },
	{ records, store, lease }: ApplyContext,
): Promise<void> {
	await store.write(lease.fence, [records.remove(step.instance)]);
}

/** The deploy has finished: what it was made from is what the next one compares with. */
export async function recordDeploy(_: Step, { store, lease, deploymentRecord, clock }: ApplyContext): Promise<void> {
	await store.write(lease.fence, [{ put: "deployment", record: { ...deploymentRecord(), deployedAt: clock.now() } }]);
}

/** Nothing of the deployment is left but orphaned disks and its variables. */
export async function forgetDeployment(_: Step, { store, lease, deployment }: ApplyContext): Promise<void> {
	await store.write(lease.fence, [{ delete: "deployment", name: deployment, variables: false }]);
}
