import type { Login } from "../../apply/context.ts";
import { generateKeyPair } from "../../ssh/keys.ts";
import type { Lease, StateStore } from "../../state/state.ts";
import type { Key } from "../../variables/key.ts";
import { seal } from "../../variables/seal.ts";
import type { CliContext } from "../command.ts";
import { readSealed } from "./variables.ts";

/** davit's own variable in each deployment: the key that it logs in with. */
export const LOGIN_VARIABLE = "davit/login";
/** The user that user data makes on every VM. */
const LOGIN_USER = "davit";

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
	const sealed = seal(JSON.stringify(pair), {
		key,
		deployment,
		name: LOGIN_VARIABLE,
		version: 1,
		random: context.random,
	});
	await store.putVariables(lease.fence, [
		{ name: LOGIN_VARIABLE, type: "ssh", version: 1, createdAt: context.clock.now(), definition: "", sealed },
	]);
	context.hide([pair.privateKey]);
	return { user: LOGIN_USER, ...pair };
}
