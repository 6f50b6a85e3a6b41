import type { Login } from "../../apply/context.ts";
import { createTask } from "../../apply/task.ts";
import { problem, UserError } from "../../errors.ts";
import type { SqliteStore } from "../../state/sqlite.ts";
import type { Lease } from "../../state/state.ts";
import type { Key } from "../../variables/key.ts";
import { type CliContext, type Options, text } from "../command.ts";
import { enterVms } from "./adopt-enter.ts";
import { findDeployment } from "./adopt-find.ts";
import { givenLogin } from "./adopt-login.ts";
import { matchFound, refuseSilentVms } from "./adopt-match.ts";
import { prepareAdoption } from "./adopt-prepare.ts";
import { showAdoption, toAgree } from "./adopt-show.ts";
import { lostVariables, refuseLostVariables } from "./adopt-variables.ts";
import { askConsent } from "./confirm.ts";
import { type Cpis, openCpis } from "./cpis.ts";
import type { DeployFlags } from "./deploy.ts";
import { deployFlags } from "./deploy-flags.ts";
import { type Inputs, readManifest } from "./manifest.ts";
import { actor, holderName, openKey } from "./store.ts";
import { withStoreCopy } from "./store-copy.ts";
import { withStore } from "./with-store.ts";

interface AdoptRun {
	readonly store: SqliteStore;
	readonly inputs: Inputs;
	readonly key: Key;
	readonly login: Login;
	readonly flags: DeployFlags;
	/** Names of the variables whose values are lost, which was agreed to. */
	readonly lost: readonly string[];
	readonly lease: Lease;
	readonly cpis: Cpis;
	readonly options: Options;
}

/**
 * Records a deployment anew whose state store is lost, from what the clouds list and what its VMs say. Looks first, and changes nothing but the
 * state store, in one transaction after an operator has agreed.
 */
export async function adoptDeployment(path: string, options: Options, context: CliContext): Promise<void> {
	await withStore(context, async (store) => {
		const inputs = await readManifest(path, options, context, { recorded: async () => undefined });
		for (const problem of inputs.warnings) context.emit({ type: "problem", problem });
		const { name, variables } = inputs.deployment;
		await refuseRecorded(store, name);
		const flags = await deployFlags(variables, { ...options, fix: false }, context);
		const lost = lostVariables(variables, flags.imported);
		refuseLostVariables(lost, options);
		const login = await givenLogin(name, options, context);
		const key = await openKey(context, store);
		const lease = await store.acquire(name, holderName("adopt"));
		try {
			const signal = AbortSignal.any([context.signal, lease.signal]);
			const cpis = await openCpis(inputs.cloud, context);
			try {
				await adopt({ store, inputs, key, login, flags, lost, lease, cpis, options }, { ...context, signal });
			} finally {
				await cpis.close();
			}
		} finally {
			await lease.release();
		}
	});
}

async function refuseRecorded(store: SqliteStore, name: string): Promise<void> {
	const recorded = await store.read(name);
	if (!recorded.deployment && recorded.instances.length === 0) return;
	throw new UserError(
		problem("adopt-recorded", `${name} is recorded in this state store: there is nothing to adopt`, {
			hint: `davit deploy goes on with it. If what is recorded is not what is there, name a folder without a store: --state FOLDER`,
		}),
		{ exitCode: 4 },
	);
}

async function adopt(run: AdoptRun, context: CliContext): Promise<void> {
	const { store, inputs, lease, cpis, login, lost, options } = run;
	const { deployment, cloud } = inputs;
	const { name } = deployment;
	const found = await findDeployment(cpis, { deployment: name, store: text(options, "store") }, context);
	await store.refuseOther(found.uuid);
	const asked = await enterVms(found.vms, { inputs, uuid: found.uuid, login, cpis }, context);
	refuseSilentVms(asked.left, { fix: options.fix === true });
	const adoption = matchFound({ found, asked, deployment, cloud, now: context.clock.now() });
	const prepared = await withStoreCopy(context, true, (copy, own) =>
		prepareAdoption({ ...run, ...adoption, uuid: found.uuid }, copy, own),
	);
	const shown = { ...adoption, ...prepared, name, lost };
	showAdoption(shown, context);
	await askConsent(toAgree(shown), context, options.nonInteractive === true);
	lease.check();
	const task = createTask({ command: "adopt", actor: actor(), store, lease, clock: context.clock });
	await store.adopt(lease.fence, prepared.adopted);
	await task.begin();
	await task.end(undefined);
	context.emit({ type: "note", text: `${name}: adopted. Back up the state store: davit state backup FILE` });
}
