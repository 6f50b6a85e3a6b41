import type { Clock, Random } from "../../clock.ts";
import type { Problem } from "../../errors.ts";
import type { Value, VariableDefinition } from "../../manifest/deployment.ts";
import type { Lease, StateStore, StoredVariable } from "../../state/state.ts";
import { makeVariable } from "../../variables/generate.ts";
import type { Key } from "../../variables/key.ts";
import { type PlannedVariable, planVariables } from "../../variables/plan.ts";
import { openSealed, seal } from "../../variables/seal.ts";

/** A deployment's generated variables: those that are known, and those still to be made. */
export interface VariableBook {
	readonly values: ReadonlyMap<string, Value>;
	/** Digest of the value's version, for what must know that a value changed without knowing it. */
	readonly planned: readonly PlannedVariable[];
	readonly warnings: readonly Problem[];
	/** Makes the named ones that are planned, and stores them sealed, under the lease. */
	make(names: readonly string[], lease: Lease, progress: (text: string) => void): Promise<void>;
}

export interface VariableBookOptions {
	readonly deployment: string;
	readonly store: StateStore;
	readonly key: Key;
	readonly clock: Clock;
	readonly random: Random;
	readonly hide: (secrets: readonly string[]) => void;
	/** Values from elsewhere, taken in the place of new ones. */
	readonly imported: ReadonlyMap<string, Value>;
}

/** Opens what is stored and plans what the definitions need beyond it. */
export async function openVariables(
	definitions: readonly VariableDefinition[],
	options: VariableBookOptions,
): Promise<VariableBook> {
	const { deployment, store, key, hide } = options;
	const stored = await store.variables(deployment);
	const values = new Map<string, Value>();
	const learn = (name: string, value: Value) => {
		values.set(name, value);
		hide(secretsOf(value));
	};
	for (const variable of stored) learn(variable.name, readSealed(variable, deployment, key));
	for (const value of options.imported.values()) hide(secretsOf(value));
	const plan = planVariables(definitions, stored);
	const left = new Map(plan.variables.map((planned) => [planned.definition.name, planned]));
	for (const name of left.keys()) values.delete(name);
	return {
		values,
		get planned() {
			return [...left.values()];
		},
		warnings: plan.warnings,
		make: async (names, lease, progress) => {
			const wanted = plan.variables.filter(
				({ definition }) => names.includes(definition.name) && left.has(definition.name),
			);
			const running = new Map<string, Promise<void>>();
			for (const planned of wanted) {
				const before = planned.after.map((name) => running.get(name) ?? Promise.resolve());
				const work = Promise.all(before).then(() => makeOne(planned));
				running.set(planned.definition.name, work);
			}
			await Promise.all(running.values());

			async function makeOne(planned: PlannedVariable): Promise<void> {
				const { name, type } = planned.definition;
				const imported = planned.reason === "new" ? options.imported.get(name) : undefined;
				const value = imported ?? (await makeVariable(planned.definition, (other) => values.get(other), options));
				const sealed = seal(JSON.stringify(value), {
					key,
					deployment,
					name,
					version: planned.version,
					random: options.random,
				});
				lease.check();
				const variable: StoredVariable = {
					name,
					type,
					version: planned.version,
					createdAt: options.clock.now(),
					definition: planned.digest,
					sealed,
				};
				await store.putVariables(lease.fence, [variable]);
				left.delete(name);
				learn(name, value);
				progress(name);
			}
		},
	};
}

/** The value of a stored variable. Throws a UserError if the key is another or the text was tampered with. */
export function readSealed(variable: StoredVariable, deployment: string, key: Key): Value {
	const text = openSealed(variable.sealed, { key, deployment, name: variable.name, version: variable.version });
	return JSON.parse(text) as Value;
}

/** Every text in a value that must not be shown. Public parts (certificates, public keys) are no secrets. */
export function secretsOf(value: Value): string[] {
	if (typeof value === "string") return [value];
	if (value === null || typeof value !== "object" || Array.isArray(value)) return [];
	const { private_key: privateKey } = value as { private_key?: Value };
	return typeof privateKey === "string" ? [privateKey] : [];
}
