import type { Login } from "../../apply/context.ts";
import { generateKeyPair } from "../../ssh/keys.ts";
import type { Lease, StateStore, StoredVariable } from "../../state/state.ts";
import type { Key } from "../../variables/key.ts";
import { seal } from "../../variables/seal.ts";
import type { CliContext } from "../command.ts";
import { readSealed } from "./variables.ts";

/** davit's own variable in each deployment: the key that it logs in with. */
export const LOGIN_VARIABLE = "davit/login";
/** The user that user data makes on every VM. */
export const LOGIN_USER = "davit";

/** The deployment's login key; undefined if it has none yet. */
export async function readLogin(
	deployment: string,
	store: StateStore,
	key: Key,
	context: Pick<CliContext, "hide">,
): Promise<Login | undefined> {
	const stored = (await store.variables(deployment)).find(({ name }) => name === LOGIN_VARIABLE);
	if (!stored) return undefined;
	const { privateKey, publicKey } = readSealed(stored, deployment, key) as { privateKey: string; publicKey: string };
	context.hide([privateKey]);
	return { user: LOGIN_USER, privateKey, publicKey };
}

/** The deployment's login key, made on its first deploy. */
export async function ensureLogin(lease: Lease, store: StateStore, key: Key, context: CliContext): Promise<Login> {
	const { deployment } = lease.fence;
	const there = await readLogin(deployment, store, key, context);
	if (there) return there;
	const pair = generateKeyPair(`davit ${deployment}`);
	await store.putVariables(lease.fence, [sealedLogin(pair, { ...context, deployment, key })]);
	context.hide([pair.privateKey]);
	return { user: LOGIN_USER, ...pair };
}

/** The key pair as it is stored. */
export function sealedLogin(
	{ privateKey, publicKey }: Pick<Login, "privateKey" | "publicKey">,
	{
		clock,
		random,
		deployment,
		key,
	}: Pick<CliContext, "clock" | "random"> & { readonly deployment: string; readonly key: Key },
): StoredVariable {
	const place = { key, deployment, name: LOGIN_VARIABLE, version: 1, random };
	const sealed = seal(JSON.stringify({ privateKey, publicKey }), place);
	return { name: LOGIN_VARIABLE, type: "ssh", version: 1, createdAt: clock.now(), definition: "", sealed };
}
