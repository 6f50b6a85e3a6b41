import { problem, UserError } from "../errors.ts";
import type { Database } from "./sqlite-database.ts";
import type { Change, DiskRecord } from "./state.ts";

/** Applies changes of one deployment, inside the caller's transaction. `now` in ms since 1970. */
export function applyChanges(database: Database, deployment: string, changes: readonly Change[], now: number): void {
	for (const change of changes) applyChange(database, deployment, change, now);
}

function applyChange(database: Database, deployment: string, change: Change, now: number): void {
	if ("put" in change) put(database, deployment, change);
	else if (change.delete === "instance") {
		database.run("DELETE FROM instances WHERE deployment = ? AND id = ?", deployment, change.id);
	} else if (change.delete === "disk") {
		database.run("DELETE FROM disks WHERE deployment = ? AND cid = ?", deployment, change.cid);
	} else {
		mustBeOwn(deployment, change.name);
		forgetDeployment(database, deployment, change.variables, now);
	}
}

function put(database: Database, deployment: string, change: Extract<Change, { put: string }>): void {
	if (change.put === "disk") {
		putDisk(database, deployment, change.record);
	} else if (change.put === "instance") {
		const { record } = change;
		database.run("INSERT OR REPLACE INTO instances VALUES (?, ?, ?)", deployment, record.id, JSON.stringify(record));
	} else {
		const { record } = change;
		mustBeOwn(deployment, record.name);
		database.run("INSERT OR REPLACE INTO deployments VALUES (?, ?)", deployment, JSON.stringify(record));
	}
}

function mustBeOwn(deployment: string, name: string): void {
	if (name !== deployment) throw new Error(`a change of ${name} under the lease of ${deployment}`);
}

function putDisk(database: Database, deployment: string, record: DiskRecord): void {
	mustBeOwn(deployment, record.deployment);
	const { changes } = database.run(
		`INSERT INTO disks (cpi, cid, deployment, orphaned_at, record) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (cpi, cid) DO UPDATE SET deployment = excluded.deployment, orphaned_at = excluded.orphaned_at, record = excluded.record
			WHERE disks.deployment = excluded.deployment OR disks.orphaned_at IS NOT NULL`,
		...[record.cpi, record.cid, deployment, record.orphanedAt ?? null, JSON.stringify(record)],
	);
	if (changes > 0) return;
	throw new UserError(
		problem("disk-in-use", `disk ${record.cid} belongs to another deployment, which still uses it`, {
			hint: "only an orphaned disk can be taken over: see `davit disks --orphaned`",
		}),
	);
}

function forgetDeployment(database: Database, name: string, variables: boolean, now: number): void {
	database.run(
		`UPDATE disks SET orphaned_at = ?, record = json_set(record, '$.orphanedAt', ?)
			WHERE deployment = ? AND orphaned_at IS NULL`,
		...[now, now, name],
	);
	database.run("DELETE FROM instances WHERE deployment = ?", name);
	database.run("DELETE FROM intents WHERE deployment = ?", name);
	database.run("DELETE FROM deployments WHERE name = ?", name);
	if (variables) database.run("DELETE FROM variables WHERE deployment = ?", name);
}
