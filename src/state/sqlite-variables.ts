import type { Database } from "./sqlite-database.ts";
import type { StoredVariable } from "./state.ts";

interface VariableRow {
	readonly name: string;
	readonly version: number;
	readonly type: string;
	readonly created_at: number;
	readonly definition: string;
	readonly sealed: string;
}

/** The newest version of each variable, by name. Older versions stay in the store. */
export function readVariables(database: Database, deployment: string): readonly StoredVariable[] {
	const rows = database.all<VariableRow>(
		// SQLite takes the other columns from the row that has the maximum.
		"SELECT *, max(version) AS version FROM variables WHERE deployment = ? GROUP BY name ORDER BY name",
		deployment,
	);
	return rows.map(({ name, version, type, created_at, definition, sealed }) => ({
		...{ name, version, type, definition, sealed },
		createdAt: created_at,
	}));
}

/** Adds versions. A version that is there already stays as it is, and another value for it is a bug. */
export function putVariables(database: Database, deployment: string, variables: readonly StoredVariable[]): void {
	for (const { name, version, type, createdAt, definition, sealed } of variables) {
		const { changes } = database.run(
			`INSERT OR IGNORE INTO variables (deployment, name, version, type, created_at, definition, sealed)
				VALUES (?, ?, ?, ?, ?, ?, ?)`,
			...[deployment, name, version, type, createdAt, definition, sealed],
		);
		if (changes > 0) continue;
		const there = database.get<{ sealed: string }>(
			"SELECT sealed FROM variables WHERE deployment = ? AND name = ? AND version = ?",
			...[deployment, name, version],
		);
		if (there?.sealed !== sealed) throw new Error(`version ${version} of variable ${name} exists with another value`);
	}
}
