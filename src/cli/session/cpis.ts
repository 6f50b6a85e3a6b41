import type { Cpi } from "../../cpi/cpi.ts";
import { decorate } from "../../cpi/decorate.ts";
import type { CpiCall } from "../../cpi/log.ts";
import type { Verb } from "../../cpi/verbs.ts";
import type { Cloud } from "../../manifest/cloud.ts";
import type { CliContext } from "../command.ts";

/** Calls to one cloud at a time: enough to be quick, few enough for the quotas that clouds give to an account. */
const CALLS_AT_A_TIME = 16;

/** The CPIs of a cloud file, by name. */
export interface Cpis {
	readonly get: (name: string) => Cpi;
	readonly all: () => ReadonlyMap<string, Cpi>;
	/** How often each was asked so far, by name and verb. */
	readonly calls: () => readonly CallCount[];
	readonly close: () => Promise<void>;
}

export interface CallCount {
	readonly cpi: string;
	readonly verb: Verb;
	readonly count: number;
}

/** Loads each CPI that the cloud names; an SDK loads only here, for a cloud that is used. */
export async function openCpis(cloud: Pick<Cloud, "cpis">, context: CliContext): Promise<Cpis> {
	const { home, env, ports } = context;
	const all = new Map<string, Cpi>();
	const counts: (readonly [string, Map<Verb, number>])[] = [];
	for (const { name, type, properties } of cloud.cpis) {
		const create = await ports.loadCpi(type);
		const own = new Map<Verb, number>();
		counts.push([name, own]);
		const onCall = (call: CpiCall) => {
			own.set(call.verb, (own.get(call.verb) ?? 0) + 1);
			context.emit({ type: "cpi-call", ...call });
		};
		all.set(name, withCare(await create({ name, properties, home, env }), onCall, context));
	}
	return {
		get: (name) => {
			const cpi = all.get(name);
			if (!cpi) throw new Error(`the cloud has no CPI "${name}"`);
			return cpi;
		},
		all: () => all,
		calls: () => counts.flatMap(([cpi, own]) => [...own].map(([verb, count]) => ({ cpi, verb, count }))),
		close: async () => {
			for (const cpi of all.values()) await cpi.close();
		},
	};
}

function withCare(cpi: Cpi, onCall: (call: CpiCall) => void, { clock, random, emit }: CliContext): Cpi {
	return decorate(cpi, {
		clock,
		random,
		limit: CALLS_AT_A_TIME,
		onCall,
		onRetry: ({ error, pauseMs }) =>
			emit({
				type: "note",
				text: `${error.iaas}: ${error.operation}: ${error.message}; again in ${(pauseMs / 1000).toFixed(1)} s`,
			}),
	});
}
