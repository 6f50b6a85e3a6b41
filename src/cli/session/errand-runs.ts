import { digestOf } from "../../digest.ts";
import type { DesiredInstance } from "../../plan/desired.ts";
import type { InstanceRecord } from "../../state/state.ts";
import type { DeploymentRun } from "./deployment-run.ts";

/** What an errand's outcome depends on, as BOSH has it: which instances it runs on, their packages, and what all their jobs rendered to. Undefined: not known yet. */
type ErrandState = string | undefined;

/** The state of an errand on instances that are there. */
export function stateOnInstances(instances: readonly InstanceRecord[]): ErrandState {
	return stateOf(
		instances.map(({ id, group, index, lifecycle, applied }) => ({
			name: `${group}/${index}`,
			// VMs of an errand's own group are other instances at each run.
			...(lifecycle === "errand" ? {} : { id }),
			jobs: applied && Object.fromEntries(Object.entries(applied.jobs).map(([job, { output }]) => [job, output])),
			packages: applied?.packages,
		})),
	);
}

/** The same of an errand's own group, before its VMs are made. */
export function stateOfGroup(instances: readonly DesiredInstance[]): ErrandState {
	return stateOf(
		instances.map(({ name, jobs, packages, record }) => ({
			name,
			jobs: Object.fromEntries(
				jobs.map(({ job, input, output }) => {
					const applied = record?.applied?.jobs[job.name];
					return [job.name, output ?? (applied?.input === input ? applied?.output : undefined)];
				}),
			),
			packages: Object.fromEntries(packages.map((use) => [use.name, use.key])),
		})),
	);
}

interface OnInstance {
	readonly name: string;
	readonly id?: string;
	/** By name: digest of what it rendered to. */
	readonly jobs: Readonly<Record<string, string | undefined>> | undefined;
	readonly packages: Readonly<Record<string, string>> | undefined;
}

function stateOf(instances: readonly OnInstance[]): ErrandState {
	const known = instances.every(({ jobs, packages }) => packages && jobs && !Object.values(jobs).includes(undefined));
	return known ? digestOf([...instances].sort((a, b) => (a.name < b.name ? -1 : 1))) : undefined;
}

/** True if nothing that its outcome depends on has changed since it last went well everywhere. */
export async function isUnchanged(errand: string, state: ErrandState, run: DeploymentRun): Promise<boolean> {
	const { deployment } = await run.store.read(run.inputs.deployment.name);
	return state !== undefined && deployment?.errands?.[errand] === state;
}

/** Records in which state an errand went well; undefined: that it is not known to have. */
export async function recordErrand(errand: string, state: ErrandState, run: DeploymentRun): Promise<void> {
	const { deployment } = await run.store.read(run.inputs.deployment.name);
	if (!deployment || deployment.errands?.[errand] === state) return;
	const { [errand]: _, ...others } = deployment.errands ?? {};
	const errands = state === undefined ? others : { ...others, [errand]: state };
	await run.store.write(run.lease.fence, [{ put: "deployment", record: { ...deployment, errands } }]);
}
