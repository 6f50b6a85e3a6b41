import { homedir, hostname, userInfo } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { problem, UserError } from "../../errors.ts";
import type { SqliteStore } from "../../state/sqlite.ts";
import { type Key, loadKey } from "../../variables/key.ts";
import { defaultKeyFile } from "../../variables/key-file.ts";
import { openSealed } from "../../variables/seal.ts";
import { type CliContext, type Options, text } from "../command.ts";

/** Opens what davit remembers. DAVIT_LEASE_TTL: seconds after which another davit may take over from one that is silent; 30 unless set. */
export async function openStore({ stateFolder, clock, random, env, ports }: CliContext): Promise<SqliteStore> {
	const leaseMs = leaseTime(env.DAVIT_LEASE_TTL);
	return ports.openStore({ file: join(stateFolder, "state.db"), clock, random, ...(leaseMs ? { leaseMs } : {}) });
}

function leaseTime(seconds: string | undefined): number | undefined {
	if (seconds === undefined || seconds === "") return undefined;
	if (/^[1-9]\d{0,5}$/.test(seconds)) return Number(seconds) * 1000;
	throw new UserError(
		problem("bad-lease-time", `DAVIT_LEASE_TTL is ${JSON.stringify(seconds)}, which is no number of seconds`, {
			hint: "give a whole number from 1 on, or unset it: 30 is the default",
		}),
		{ exitCode: 64 },
	);
}

/** The key that seals variables: from the environment, a command, or ~/.config/davit/key. */
export async function openKey(context: CliContext, store: SqliteStore): Promise<Key> {
	const key = await readKey(context, !(await store.hasVariables()));
	const digesting = await store.digesting();
	if (digesting === undefined) return key;
	return { ...key, digesting: Buffer.from(openSealed(digesting, { ...DIGESTING, key }), "base64") };
}

/** What digests are made with, as it is sealed: they outlive the key that the store was made with. */
export const DIGESTING = { deployment: "this state store", name: "davit/digesting", version: 1 } as const;

/** The key that is at hand. Made if there is none and it may be. */
export async function readKey(context: CliContext, mayCreate: boolean): Promise<Key> {
	const { env, stateFolder, random } = context;
	const file = env.DAVIT_KEY_FILE ?? defaultKeyFile(env, homedir());
	const key = await loadKey({ env, file, storeFolder: stateFolder, mayCreate, random });
	if (key.created)
		context.emit({
			type: "note",
			text: `Made the key that encrypts variables: ${file}. Back it up: without it they can't be read.`,
		});
	return key;
}

/** `user@host`, for events. */
export function actor(): string {
	return `${userInfo().username}@${hostname()}`;
}

/** Who holds a lease, for people. */
export function holderName(verb: string): string {
	return `${actor()} pid ${process.pid} (davit ${verb})`;
}

/** Options of commands about one deployment. */
export const deploymentOption = {
	flags: "-d, --deployment <name>",
	about: "the deployment; may be left out if there is only one",
} as const;

/** The deployment that a command is about: `-d`, DAVIT_DEPLOYMENT, or the only one there is. */
export async function chosenDeployment(store: SqliteStore, options: Options, env: CliContext["env"]): Promise<string> {
	const names = (await store.deployments()).map(({ name }) => name);
	const wanted = text(options, "deployment") ?? env.DAVIT_DEPLOYMENT;
	if (wanted !== undefined) {
		if (names.includes(wanted)) return wanted;
		throw new UserError(
			problem("no-deployment", `there is no deployment "${wanted}"`, {
				hint: names.length > 0 ? `there are: ${names.join(", ")}` : "none is recorded here; davit deploy makes one",
			}),
		);
	}
	const [only, ...others] = names;
	if (only === undefined)
		throw new UserError(
			problem("no-deployment", "no deployment is recorded here", {
				hint: "davit deploy makes one; --state or DAVIT_HOME chooses another store",
			}),
		);
	if (others.length > 0)
		throw new UserError(
			problem("which-deployment", `which deployment? There are ${names.join(", ")}`, {
				hint: `add -d, as in -d ${only}`,
			}),
			{ exitCode: 64 },
		);
	return only;
}
