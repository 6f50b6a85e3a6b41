import type { Random } from "../clock.ts";
import { problem, UserError } from "../errors.ts";
import type { Database } from "./sqlite-database.ts";

/** "davi": tells our files from other programs' SQLite files. */
const applicationId = 0x64617669;

/** Each entry brings the schema from its index to the next version. Append only: stores of users are at any of them. */
const migrations: readonly (readonly string[])[] = [
	[
		// `fence` counts for the whole store and outlives deployments, so that no number is ever given out twice.
		"CREATE TABLE store (only INTEGER PRIMARY KEY CHECK (only = 1), uuid TEXT NOT NULL, fence INTEGER NOT NULL) STRICT",
		"CREATE TABLE deployments (name TEXT PRIMARY KEY, record TEXT NOT NULL) STRICT, WITHOUT ROWID",
		"CREATE TABLE instances (deployment TEXT, id TEXT, record TEXT NOT NULL, PRIMARY KEY (deployment, id)) STRICT",
		`CREATE TABLE disks (cpi TEXT, cid TEXT, deployment TEXT NOT NULL, orphaned_at INTEGER, record TEXT NOT NULL,
			PRIMARY KEY (cpi, cid)) STRICT`,
		"CREATE INDEX disks_by_deployment ON disks (deployment)",
		`CREATE TABLE leases (deployment TEXT PRIMARY KEY, number INTEGER NOT NULL, holder TEXT NOT NULL, machine TEXT NOT NULL,
			pid INTEGER NOT NULL, acquired_at INTEGER NOT NULL, expires_at INTEGER NOT NULL) STRICT`,
		`CREATE TABLE intents (id INTEGER PRIMARY KEY AUTOINCREMENT, deployment TEXT NOT NULL, fence INTEGER NOT NULL, verb TEXT NOT NULL,
			key TEXT NOT NULL, data TEXT NOT NULL, started_at INTEGER NOT NULL, finished_at INTEGER, outcome TEXT) STRICT`,
		"CREATE INDEX open_intents ON intents (deployment) WHERE finished_at IS NULL",
		`CREATE TABLE variables (deployment TEXT, name TEXT, version INTEGER, type TEXT NOT NULL, created_at INTEGER NOT NULL,
			definition TEXT NOT NULL, sealed TEXT NOT NULL, PRIMARY KEY (deployment, name, version)) STRICT`,
		"CREATE TABLE compiled (key TEXT PRIMARY KEY, digest TEXT NOT NULL) STRICT, WITHOUT ROWID",
		`CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, deployment TEXT NOT NULL, event TEXT NOT NULL,
			digest TEXT NOT NULL) STRICT`,
		"CREATE INDEX events_by_deployment ON events (deployment)",
		"CREATE TRIGGER events_stay BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'events are append-only'); END",
		"CREATE TRIGGER events_are_kept BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'events are append-only'); END",
	],
	[
		// One cloud file became several, and runtime configs came beside them.
		`UPDATE deployments SET record = json_set(json_remove(record, '$.cloudFile'), '$.runtimeConfigFiles', json('[]'), '$.cloudFiles',
			CASE record ->> '$.cloudFile' WHEN '' THEN json('[]') ELSE json_array(record ->> '$.cloudFile') END)`,
	],
	// Where the store was exported to, as JSON.
	["ALTER TABLE store ADD COLUMN moved TEXT"],
	// Sealed: what digests are made with, once the store has been given another key.
	["ALTER TABLE store ADD COLUMN digesting TEXT"],
	// What a compiled package is, as JSON.
	["ALTER TABLE compiled ADD COLUMN about TEXT"],
	// Records of instances name several disks: a davit that doesn't know them would delete VMs with disks attached, and lose track of those.
	[],
	// Whether watchers repair VMs: 1 or 0.
	["ALTER TABLE store ADD COLUMN resurrection INTEGER NOT NULL DEFAULT 1"],
];

/** Makes the tables of an empty file, or brings an older store up to date. Refuses a newer one and other programs' files. */
export function migrate(database: Database, file: string, random: Random): void {
	// Most opens find nothing to do, and then needn't wait for a writer.
	if (refuseForeign(database, file) === migrations.length) return;
	database.transaction(() => {
		const version = refuseForeign(database, file);
		for (const statement of migrations.slice(version).flat()) database.run(statement);
		if (version === 0) database.run("INSERT INTO store (only, uuid, fence) VALUES (1, ?, 0)", random.uuid());
		database.run(`PRAGMA application_id = ${applicationId}`);
		database.run(`PRAGMA user_version = ${migrations.length}`);
	});
}

/** The schema's version. Throws a UserError for a newer store's and for another program's file. */
export function refuseForeign(database: Database, file: string): number {
	const found = database.get<{ id: number; version: number; tables: number }>(
		`SELECT application_id AS id, user_version AS version, (SELECT count(*) FROM sqlite_schema) AS tables
			FROM pragma_application_id, pragma_user_version`,
	);
	const { id, version, tables } = found ?? { id: 0, version: 0, tables: 0 };
	if (tables > 0 && id !== applicationId) {
		throw new UserError(
			problem("not-a-store", `the state store ${file} is another program's database`, {
				place: { file },
				hint: "name another folder with --state",
			}),
		);
	}
	if (version > migrations.length) {
		throw new UserError(
			problem(
				"store-too-new",
				`the state store ${file} has schema version ${version}, written by a newer davit; this one knows ${migrations.length}`,
				{ place: { file }, hint: "install the davit that wrote it, or a newer one" },
			),
		);
	}
	return version;
}
