import type { Login } from "../../apply/context.ts";
import { Records } from "../../apply/records.ts";
import { problem, UserError } from "../../errors.ts";
import type { InstanceName } from "../../plan/step.ts";
import type { SqliteStore } from "../../state/sqlite.ts";
import type { DeploymentRecord, InstanceRecord, Recorded } from "../../state/state.ts";
import type { Key } from "../../variables/key.ts";
import type { CliContext, Options } from "../command.ts";
import { type Cpis, openCpis } from "./cpis.ts";
import { readLogin } from "./login.ts";
import { type Machines, openMachines } from "./machines.ts";
import { type Inputs, recordedInputs } from "./manifest.ts";
import { chosenDeployment, openKey } from "./store.ts";

/** A deployment as it is recorded, and the ways to its VMs. */
import { withStore } from "./with-store.ts";

export interface RecordedDeployment {
	readonly name: string;
	readonly store: SqliteStore;
	readonly key: Key;
	readonly record: DeploymentRecord;
	readonly recorded: Recorded;
	readonly records: Records;
	readonly inputs: Inputs;
	readonly cpis: Cpis;
	readonly login: Login;
	readonly machines: Machines;
}

/** Opens the deployment that `-d` names, or the only one, for `work`; closes everything after it. */
export async function withDeployment<T>(
	options: Options,
	context: CliContext,
	work: (deployment: RecordedDeployment) => Promise<T>,
): Promise<T> {
	return withStore(context, async (store) => {
		const name = await chosenDeployment(store, options, context.env);
		const key = await openKey(context, store);
		const recorded = await store.read(name);
		const record = recorded.deployment;
		const login = await readLogin(name, store, key, context);
		if (!record || !login)
			throw new UserError(
				problem("never-deployed", `deployment "${name}" was never deployed`, { hint: "davit deploy goes on with it" }),
			);
		const inputs = recordedInputs(record, key);
		const cpis = await openCpis(inputs.cloud, context);
		const records = new Records(recorded);
		const owner = { store: store.uuid, deployment: name };
		const { machines, close } = await openMachines(
			{ records, cloud: inputs.cloud, cpi: cpis.get, owner, login },
			context,
		);
		try {
			return await work({ name, store, key, record, recorded, records, inputs, cpis, login, machines });
		} finally {
			close();
			await cpis.close();
		}
	});
}

/**
 * Instances, by name, of what an operator writes: `database/0`, `database/UUID`, `database` (the whole group), or nothing (all but compilation
 * VMs). Throws a UserError that lists what there is.
 */
export function selectInstances(records: Records, selector: string | undefined): readonly InstanceName[] {
	const byName = (a: InstanceRecord, b: InstanceRecord) =>
		a.group === b.group ? a.index - b.index : a.group < b.group ? -1 : 1;
	const all = [...(selector ? records.instances() : records.lasting())].sort(byName);
	const [group, which] = (selector ?? "").split("/");
	const found = all.filter(
		(record) =>
			(!selector || record.group === group) &&
			(which === undefined || String(record.index) === which || record.id === which),
	);
	if (found.length > 0) return found.map((record) => `${record.group}/${record.index}`);
	const names = all.map((record) => `${record.group}/${record.index}`).join(", ");
	throw new UserError(
		problem("no-instance", `there is no instance "${selector}"`, {
			hint: names === "" ? "the deployment has none" : `there are: ${names}`,
		}),
		{ exitCode: 64 },
	);
}
