import type { Database } from "./sqlite-database.ts";
import type { CompiledPackage, StateStore } from "./state.ts";

interface Row {
	readonly key: string;
	readonly digest: string;
	readonly about: string | null;
}

/** What is known of compiled packages. */
export function compiledPackages(
	database: Database,
): Pick<StateStore, "compiled" | "putCompiled" | "allCompiled" | "deleteCompiled"> {
	return {
		compiled: async (key) => database.get<Row>("SELECT digest FROM compiled WHERE key = ?", key)?.digest,
		putCompiled: async ({ key, digest, about }) => {
			const text = about ? JSON.stringify(about) : null;
			database.run("INSERT OR REPLACE INTO compiled (key, digest, about) VALUES (?, ?, ?)", key, digest, text);
		},
		allCompiled: async () =>
			database.all<Row>("SELECT key, digest, about FROM compiled ORDER BY key").map(
				({ about, ...known }): CompiledPackage => ({
					...known,
					...(about === null ? {} : { about: JSON.parse(about) }),
				}),
			),
		deleteCompiled: async (keys) =>
			database.transaction(() => {
				for (const key of keys) database.run("DELETE FROM compiled WHERE key = ?", key);
			}),
	};
}
