import { resolve } from "node:path";
import { problem, UserError } from "../../errors.ts";
import type { DeploymentRecord, RecordedInputs, VmRecord } from "../../state/state.ts";
import { type Key, loadKey } from "../../variables/key.ts";
import { openSealed, type SealedPlace, seal } from "../../variables/seal.ts";
import type { CliContext } from "../command.ts";
import { agentPlace } from "./agents.ts";
import { openPart, type RecordedPart, sealPart } from "./recorded-parts.ts";
import { DIGESTING, openKey } from "./store.ts";
import { withStore } from "./with-store.ts";

/**
 * Seals everything in the store with the key in a file, which is made if there is none. Digests are made as before: nothing looks changed to
 * the next deploy. Nobody may be working on a deployment of the store meanwhile (exit code 3).
 */
export async function rekeyState(path: string, context: CliContext): Promise<void> {
	const { stateFolder, random } = context;
	await withStore(context, async (store) => {
		const former = await openKey(context, store);
		const file = resolve(context.cwd, path);
		const key = await loadKey({ env: {}, file, storeFolder: stateFolder, mayCreate: true, random });
		if (key.id === former.id)
			throw new UserError(
				problem("same-key", `${file} holds the key that the state store is sealed with already`, {
					hint: "name a file that is not there: a new key is made in it",
				}),
			);
		const again = (sealed: string, place: Omit<SealedPlace, "key">) =>
			seal(openSealed(sealed, { ...place, key: former }), { ...place, key, random });
		await store.rekey({
			variable: again,
			deployment: (record) => resealedRecord(record, former, { key, random }),
			instance: (record, deployment) => {
				const resealed = <T extends VmRecord>(vm: T): T => {
					return vm.agent === undefined ? vm : { ...vm, agent: again(vm.agent, agentPlace(deployment, vm.key)) };
				};
				const { vm, nextVm, formerVm } = record;
				return {
					...record,
					...(vm ? { vm: resealed(vm) } : {}),
					...(nextVm ? { nextVm: resealed(nextVm) } : {}),
					...(formerVm ? { formerVm: resealed(formerVm) } : {}),
				};
			},
			digesting: seal(Buffer.from(former.digesting).toString("base64"), { ...DIGESTING, key, random }),
		});
		context.emit({
			type: "note",
			text: `${file}: the key of this state store from now on. Name it with DAVIT_KEY_FILE, or put it where the former one came from (${former.source}); keep that for backups and exports made until now`,
		});
	});
}

function resealedRecord(
	record: DeploymentRecord,
	former: Key,
	{ key, random }: { readonly key: Key; readonly random: CliContext["random"] },
): DeploymentRecord {
	const place = { deployment: record.name };
	const again = (part: RecordedPart, value: unknown) =>
		sealPart(part, openPart(part, value, { ...place, key: former }), { ...place, key, random });
	const inputs = <T extends RecordedInputs>(of: T): T => ({
		...of,
		manifest: again("manifest", of.manifest),
		cloud: again("cloud", of.cloud),
	});
	return {
		...inputs(record),
		...(record.links === undefined ? {} : { links: again("links", record.links) }),
		...(record.unfinished === undefined ? {} : { unfinished: inputs(record.unfinished) }),
	};
}
