import { problem, UserError } from "../errors.ts";
import { applyChanges } from "./sqlite-changes.ts";
import type { Database } from "./sqlite-database.ts";
import { putVariables } from "./sqlite-variables.ts";
import type { Change, StoredVariable } from "./state.ts";

/** A deployment that is at the clouds, as it is recorded from now on. */
export interface Adopted {
	readonly deployment: string;
	/** Of the lost store that made it: what stands on its VMs and disks. */
	readonly uuid: string;
	/** The highest fencing number that was seen there. */
	readonly fence: number;
	readonly changes: readonly Change[];
	readonly variables: readonly StoredVariable[];
}

/** Within the caller's transaction. Throws a UserError with exit code 4 if the store has another UUID and something of its own. */
export function adopt(database: Database, { deployment, uuid, fence, changes, variables }: Adopted, now: number): void {
	refuseOther(database, uuid);
	database.run("UPDATE store SET uuid = ?, fence = max(fence, ?)", uuid, fence);
	applyChanges(database, deployment, changes, now);
	putVariables(database, deployment, variables);
}

const OWN = [
	"SELECT name FROM deployments",
	"SELECT deployment AS name FROM disks",
	"SELECT deployment AS name FROM variables",
];

/** A store with something of its own stays what it is. */
export function refuseOther(database: Database, uuid: string): void {
	const own = database.get<{ uuid: string }>("SELECT uuid FROM store")?.uuid;
	const names = database.all<{ name: string }>(`${OWN.join(" UNION ")} ORDER BY name`).map(({ name }) => name);
	if (own === uuid || names.length === 0) return;
	throw new UserError(
		problem(
			"store-in-use",
			`this state store has things of its own: ${names.join(", ")}; it can't become the lost store ${uuid}`,
			{
				hint: "name a folder without one: --state FOLDER, or DAVIT_HOME; later commands about the deployment need the same",
			},
		),
		{ exitCode: 4 },
	);
}
