import type { Recorded } from "../../state/state.ts";
import type { RecordedDeployment } from "./recorded.ts";

/** Takes over what another command has recorded since: VMs that were recreated, instances that came and went. The answer is all that is recorded. */
export async function refreshRecords({
	name,
	store,
	records,
}: Pick<RecordedDeployment, "name" | "store" | "records">): Promise<Recorded> {
	const recorded = await store.read(name);
	const { instances } = recorded;
	const now = new Set(instances.map(({ id }) => id));
	for (const record of records.instances()) if (!now.has(record.id)) records.remove(`${record.group}/${record.index}`);
	for (const record of instances) records.put(record);
	return recorded;
}
