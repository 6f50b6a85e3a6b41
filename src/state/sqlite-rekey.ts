import { problem, UserError } from "../errors.ts";
import type { Database } from "./sqlite-database.ts";
import type { DeploymentRecord, InstanceRecord } from "./state.ts";

/** The same things, sealed with another key. */
export interface Resealed {
	variable(
		sealed: string,
		of: { readonly deployment: string; readonly name: string; readonly version: number },
	): string;
	deployment(record: DeploymentRecord): DeploymentRecord;
	instance(record: InstanceRecord, deployment: string): InstanceRecord;
	/** Sealed: what digests are made with, which outlives the key. */
	readonly digesting: string;
}

interface VariableKey {
	readonly deployment: string;
	readonly name: string;
	readonly version: number;
	readonly sealed: string;
}

/**
 * Seals everything anew. Within the caller's transaction: all of it or nothing. Throws a UserError if a run was cut short, whose journal holds
 * what only that command can take over.
 */
export function resealAll(database: Database, resealed: Resealed): void {
	const open = database.get<{ deployment: string }>("SELECT deployment FROM intents WHERE finished_at IS NULL LIMIT 1");
	if (open)
		throw new UserError(
			problem("unsettled", `a run on ${open.deployment} was cut short, and its journal is open`, {
				hint: "run that command again first: davit tasks shows which it was",
			}),
		);
	database.run("UPDATE intents SET data = json_remove(data, '$.agent')");
	for (const { sealed, ...of } of database.all<VariableKey>("SELECT deployment, name, version, sealed FROM variables"))
		database.run(
			"UPDATE variables SET sealed = ? WHERE deployment = ? AND name = ? AND version = ?",
			...[resealed.variable(sealed, of), of.deployment, of.name, of.version],
		);
	for (const { name, record } of database.all<{ name: string; record: string }>("SELECT name, record FROM deployments"))
		database.run(
			"UPDATE deployments SET record = ? WHERE name = ?",
			...[JSON.stringify(resealed.deployment(JSON.parse(record) as DeploymentRecord)), name],
		);
	const instances = "SELECT deployment, id, record FROM instances";
	for (const { deployment, id, record } of database.all<{ deployment: string; id: string; record: string }>(instances))
		database.run(
			"UPDATE instances SET record = ? WHERE deployment = ? AND id = ?",
			...[JSON.stringify(resealed.instance(JSON.parse(record) as InstanceRecord, deployment)), deployment, id],
		);
	database.run("UPDATE store SET digesting = ?", resealed.digesting);
}

/** Sealed: what digests are made with, if that is not of the store's key itself any more. */
export function readDigesting(database: Database): string | undefined {
	return database.get<{ digesting: string | null }>("SELECT digesting FROM store")?.digesting ?? undefined;
}
