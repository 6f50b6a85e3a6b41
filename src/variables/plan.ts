import { digestOf } from "../digest.ts";
import { type Place, type Problem, problem, UserError, warning } from "../errors.ts";
import type { VariableDefinition } from "../manifest/deployment.ts";
import type { StoredVariable } from "../state/state.ts";
import { certificateOptions, checkOptions } from "./options.ts";
import { orderByNeed } from "./order.ts";

/** A variable that has to be made. */
export interface PlannedVariable {
	readonly definition: VariableDefinition;
	/** Rises by one with each value that a name gets, from 1. */
	readonly version: number;
	/** For `StoredVariable.definition`: covers type, options, and the version of the CA that signs. */
	readonly digest: string;
	readonly reason: "new" | "overwrite" | "converge";
	/** Names of planned variables that must be made before this one. */
	readonly after: readonly string[];
}

export interface VariablePlan {
	/** In an order that respects `after`. */
	readonly variables: readonly PlannedVariable[];
	readonly warnings: readonly Problem[];
}

export type KnownVariable = Pick<StoredVariable, "name" | "type" | "version" | "definition">;

/**
 * Which variables must be made, given what is stored. `given` names those with a value from elsewhere, which are never
 * made. Throws a UserError with everything that is wrong with the definitions. Source: BOSH manifest v2, `update_mode`.
 */
export function planVariables(
	definitions: readonly VariableDefinition[],
	stored: readonly KnownVariable[],
	given: ReadonlySet<string> = new Set(),
): VariablePlan {
	const wanted = new Map(definitions.filter(({ name }) => !given.has(name)).map((each) => [each.name, each]));
	const known = new Map(stored.map((each) => [each.name, each]));
	const problems = [...wanted.values()].flatMap((definition) => [
		...checkOptions(definition),
		...checkType(definition, known.get(definition.name)),
		...checkAuthority(definition, wanted, (name) => known.has(name) || given.has(name)),
	]);
	const { ordered, cycles } = orderByNeed([...wanted.keys()], (name) => {
		const ca = signerOf(wanted.get(name));
		return ca !== undefined && wanted.has(ca) ? [ca] : [];
	});
	problems.push(...cycles.map((cycle) => cycleProblem(cycle, wanted.get(cycle[0] ?? "")?.place)));
	if (problems.length > 0) throw new UserError(problems);
	return decide(
		ordered.flatMap((name) => wanted.get(name) ?? []),
		known,
	);
}

function decide(ordered: readonly VariableDefinition[], known: ReadonlyMap<string, KnownVariable>): VariablePlan {
	const planned = new Map<string, PlannedVariable>();
	const warnings: Problem[] = [];
	for (const definition of ordered) {
		const ca = signerOf(definition);
		const newSigner = ca === undefined ? undefined : planned.get(ca);
		const signerVersion = newSigner?.version ?? known.get(ca ?? "")?.version;
		const digest = digestOf({ type: definition.type, options: definition.options, signerVersion });
		const there = known.get(definition.name);
		const reason = reasonToMake(definition, there, digest);
		if (reason) {
			const after = newSigner ? [newSigner.definition.name] : [];
			planned.set(definition.name, { definition, version: (there?.version ?? 0) + 1, digest, reason, after });
		} else if (newSigner) {
			warnings.push(staleWarning(definition, newSigner.definition.name));
		}
	}
	return { variables: [...planned.values()], warnings };
}

function reasonToMake(
	{ updateMode }: VariableDefinition,
	there: KnownVariable | undefined,
	digest: string,
): PlannedVariable["reason"] | undefined {
	if (!there) return "new";
	if (updateMode === "overwrite") return "overwrite";
	return updateMode === "converge" && there.definition !== digest ? "converge" : undefined;
}

function signerOf(definition: VariableDefinition | undefined): string | undefined {
	const ca = definition?.type === "certificate" ? definition.options.ca : undefined;
	return typeof ca === "string" ? ca : undefined;
}

function checkType(
	{ name, type, updateMode, place }: VariableDefinition,
	there: KnownVariable | undefined,
): readonly Problem[] {
	if (!there || there.type === type || updateMode !== "no-overwrite") return [];
	return [
		problem("variable-type-changed", `variable ${name} is stored as ${there.type}, but defined as ${type}`, {
			place: { ...place, path: `/variables/name=${name}/type` },
			hint: "set update_mode: converge to have it made anew, or use another name",
		}),
	];
}

function checkAuthority(
	definition: VariableDefinition,
	wanted: ReadonlyMap<string, VariableDefinition>,
	hasValue: (name: string) => boolean,
): readonly Problem[] {
	if (definition.type !== "certificate") return [];
	const { name } = definition;
	const place = { ...definition.place, path: `/variables/name=${name}/options/ca` };
	const ca = signerOf(definition);
	if (ca === undefined) {
		if (certificateOptions(definition.options).isCa) return [];
		return [
			problem("variable-without-ca", `variable ${name}: a certificate needs a CA`, {
				place: { ...place, path: `/variables/name=${name}/options` },
				hint: "name the variable that signs it with ca, or make it a CA with is_ca: true",
			}),
		];
	}
	const signer = wanted.get(ca);
	if (!signer && !hasValue(ca)) {
		return [
			problem("unknown-ca", `variable ${name}: its CA ${ca} is neither defined nor given`, {
				place,
				hint: `define ${ca} under variables with is_ca: true, or give it with -l`,
			}),
		];
	}
	if (!signer || (signer.type === "certificate" && signer.options.is_ca === true)) return [];
	const [why, what] =
		signer.type === "certificate"
			? ["it is no CA", `set is_ca: true in the options of ${ca}`]
			: [`its type is ${signer.type}`, `define ${ca} as a certificate with is_ca: true`];
	return [
		problem("not-a-ca", `variable ${name}: ${ca} can't sign it, since ${why}`, {
			place,
			hint: `${what}, or name another`,
		}),
	];
}

function cycleProblem(cycle: readonly string[], place: Place | undefined): Problem {
	return problem("variable-cycle", `variables sign each other in a ring: ${[...cycle, cycle[0]].join(" → ")}`, {
		place: { ...place, path: `/variables/name=${cycle[0]}/options/ca` },
		hint: "one of them must be a root: is_ca: true without ca",
	});
}

function staleWarning({ name, place }: VariableDefinition, ca: string): Problem {
	return warning("signed-by-old-ca", `variable ${name} stays signed by the old ${ca}, which is made anew`, {
		place: { ...place, path: `/variables/name=${name}` },
		hint: `set update_mode: converge for ${name} as well`,
	});
}
