import type { Cpi } from "../../cpi/cpi.ts";
import { decorate } from "../../cpi/decorate.ts";
import type { Cloud } from "../../manifest/cloud.ts";
import type { CliContext } from "../command.ts";

/** Calls to one cloud at a time: enough to be quick, few enough for the quotas that clouds give to an account. */
const CALLS_AT_A_TIME = 16;

/** The CPIs of a cloud file, by name. */
export interface Cpis {
	readonly get: (name: string) => Cpi;
	readonly all: () => ReadonlyMap<string, Cpi>;
	readonly close: () => Promise<void>;
}

/** Loads each CPI that the cloud names; an SDK loads only here, for a cloud that is used. */
export async function openCpis(cloud: Pick<Cloud, "cpis">, context: CliContext): Promise<Cpis> {
	const { home, env, ports } = context;
	const all = new Map<string, Cpi>();
	for (const { name, type, properties } of cloud.cpis) {
		const create = await ports.loadCpi(type);
		all.set(name, withCare(await create({ name, properties, home, env }), context));
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

function withCare(cpi: Cpi, { clock, random, emit }: CliContext): Cpi {
	return decorate(cpi, {
		clock,
		random,
		limit: CALLS_AT_A_TIME,
		onCall: (call) => emit({ type: "cpi-call", ...call }),
		onRetry: ({ error, pauseMs }) =>
			emit({
				type: "note",
				text: `${error.iaas}: ${error.operation}: ${error.message}; again in ${(pauseMs / 1000).toFixed(1)} s`,
			}),
	});
}
