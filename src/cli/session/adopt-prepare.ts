import type { Login } from "../../apply/context.ts";
import { monitChecksOf } from "../../machine/monit-files.ts";
import { adoptedRecord } from "../../plan/adopted.ts";
import type { FoundInstance, Matched } from "../../plan/found-disks.ts";
import type { PlanReport } from "../../plan/report-schema.ts";
import type { InstanceName } from "../../plan/step.ts";
import type { Adopted } from "../../state/sqlite-adopt.ts";
import type { StoreCopy } from "../../state/sqlite-copy.ts";
import type { Change } from "../../state/state.ts";
import type { Key } from "../../variables/key.ts";
import type { CliContext } from "../command.ts";
import { type DeployFlags, finishedRecord, prepareDeploy } from "./deploy.ts";
import { type DeploymentRun, withRun } from "./deployment-run.ts";
import { type DesiredState, desiredState } from "./desired-state.ts";
import { sealedLogin } from "./login.ts";
import type { Inputs } from "./manifest.ts";
import { planReport } from "./plan-report.ts";
import { holderName } from "./store.ts";

export interface AdoptionParts {
	readonly inputs: Inputs;
	readonly uuid: string;
	/** The highest fencing number that was seen. */
	readonly fence: number;
	readonly instances: ReadonlyMap<InstanceName, FoundInstance>;
	readonly matched: Matched;
	readonly login: Login;
	readonly key: Key;
	readonly flags: DeployFlags;
}

export interface PreparedAdoption {
	readonly adopted: Omit<Adopted, "deployment">;
	/** What the next deploy would do. */
	readonly report: PlanReport;
}

/** Rebuilds the records in a copy of the store, by a deploy's own preparation, and looks what the next deploy would do. */
export async function prepareAdoption(
	parts: AdoptionParts,
	copy: StoreCopy,
	own: CliContext,
): Promise<PreparedAdoption> {
	const { inputs, uuid, fence, matched, login, key } = parts;
	const { store } = copy;
	const { name } = inputs.deployment;
	await copy.take(name);
	const lease = await store.acquire(name, holderName("adopt"));
	const variables = [sealedLogin(login, { ...own, deployment: name, key })];
	await store.adopt(lease.fence, { uuid, fence, changes: changesOf(matched), variables });
	await lease.release();
	return withRun(
		"adopt",
		() => inputs,
		store,
		own,
		async (run) => {
			const record = await fillRecords(run, parts);
			const again = { ...run, former: record };
			const prepared = await prepareDeploy(again, parts.flags);
			try {
				const report = await planReport(again, prepared, true);
				const { instances, disks } = await store.read(name);
				const changes: readonly Change[] = [{ put: "deployment", record }, ...changesOf({ instances, disks })];
				return { adopted: { uuid, fence, changes, variables: await store.variables(name) }, report };
			} finally {
				await prepared.close();
			}
		},
	);
}

function changesOf({ instances, disks }: Pick<Matched, "instances" | "disks">): readonly Change[] {
	return [
		...instances.map((record) => ({ put: "instance", record }) as const),
		...disks.map((record) => ({ put: "disk", record }) as const),
	];
}

/** Compares what is on the VMs with what is wanted, and records it as the last finished deploy. Warnings come with the plan. */
async function fillRecords(run: DeploymentRun, { instances, flags }: AdoptionParts) {
	const emit: CliContext["emit"] = (event) => {
		if (event.type !== "problem") run.context.emit(event);
	};
	const state = await desiredState({ ...run, context: { ...run.context, emit } }, flags);
	try {
		const changes = run.records.instances().flatMap((record) => {
			const { from } = instances.get(`${record.group}/${record.index}`) ?? {};
			return from ? [run.records.put(adoptedRecord(record, from, wantedOf(record.id, state)))] : [];
		});
		const record = finishedRecord(run, state);
		await run.store.write(run.lease.fence, [...changes, { put: "deployment", record }]);
		return record;
	} finally {
		await state.close();
	}
}

function wantedOf(id: string, { desired: all, renderBook }: DesiredState) {
	const desired = all.find(({ record }) => record?.id === id);
	if (!desired) return undefined;
	const checksOf = (job: Parameters<typeof monitChecksOf>[0]) => monitChecksOf(job).checks.map(({ name }) => name);
	return { desired, rendered: renderBook.rendered(desired), checksOf };
}
