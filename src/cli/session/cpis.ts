import type { Cpi } from "../../cpi/cpi.ts";
import { loadCpi } from "../../cpi/registry.ts";
import type { Cloud } from "../../manifest/cloud.ts";
import type { CliContext } from "../command.ts";

/** The CPIs of a cloud file, by name. */
export interface Cpis {
	readonly get: (name: string) => Cpi;
	readonly all: () => ReadonlyMap<string, Cpi>;
	readonly close: () => Promise<void>;
}

/** Loads each CPI that the cloud names; an SDK loads only here, for a cloud that is used. */
export async function openCpis(cloud: Cloud, { home, env }: CliContext): Promise<Cpis> {
	const all = new Map<string, Cpi>();
	for (const { name, type, properties } of cloud.cpis) {
		const create = await loadCpi(type);
		all.set(name, await create({ name, properties, home, env }));
	}
	return {
		get: (name) => {
			const cpi = all.get(name);
			if (!cpi) throw new Error(`the cloud has no CPI "${name}"`);
			return cpi;
		},
		all: () => all,
		close: async () => {
			for (const cpi of all.values()) await cpi.close();
		},
	};
}
