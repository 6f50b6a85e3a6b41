import { chmodSync, chownSync, mkdirSync, mkdtempSync, realpathSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import type { DavitEvent } from "../../src/events.ts";
import { leftovers, processesOf } from "./acceptance-leftovers.ts";
import { type Outcome, type Running, run, type Spawned, startEvents } from "./acceptance-process.ts";
import type { User } from "./ordinary-user.ts";

/** The command under test: that of this checkout, or an installed one. */
const DAVIT = process.env.DAVIT_ACCEPTANCE_BIN ?? join(import.meta.dirname, "../../bin/davit");
/** Any key; each world has a store of its own. */
const KEY = "5f".repeat(32);

export interface RunOptions {
	readonly env?: Readonly<Record<string, string>>;
	readonly stdin?: string;
	/** As in a terminal: a signal goes to its whole process group. */
	readonly group?: boolean;
	/** How long the command may take, in ms; default 4 minutes. */
	readonly longestMs?: number;
}

/** A command's end and the events that it told. */
export interface Told extends Outcome {
	readonly events: readonly DavitEvent[];
}

/** A user's machine: a folder of their own, with davit's home in it. */
export interface World {
	readonly user: User;
	readonly folder: string;
	readonly home: string;
	/** Runs davit as the user, in the folder. */
	davit(args: readonly string[], options?: RunOptions): Promise<Outcome>;
	/** The same with `--json`. */
	told(args: readonly string[], options?: RunOptions): Promise<Told>;
	/** Starts it with `--json` and comes back at once. */
	start(args: readonly string[], options?: RunOptions): Running;
	/** How to run another command as the user, in the folder, with this davit on the PATH. */
	command(argv: readonly string[], options?: RunOptions): Spawned;
	/** Writes a file of the user's into the folder; the answer is its path. */
	write(path: string, text: string, mode?: number): string;
	/** Deletes all deployments, and fails if anything of them is left. The folder goes in any case. */
	close(): Promise<void>;
}

/** Makes the world of one test, in which `davit` is the command. Whoever makes it closes it. */
export function openWorld(user: User, davit = DAVIT): World {
	const folder = realpathSync(mkdtempSync(join(tmpdir(), "davit-acceptance-")));
	chmodSync(folder, 0o755);
	const own = (path: string) => {
		if (user.id !== undefined) chownSync(path, user.id, user.id);
	};
	own(folder);
	const home = join(folder, "home");
	const running = new Set<Running>();
	// One for all worlds of a user: each would compile all of davit anew.
	const cache = join(tmpdir(), `davit-acceptance-compiled-${user.id ?? process.getuid?.()}`);
	const path = `${dirname(davit)}:${process.env.PATH}`;
	const command = (argv: readonly string[], { env, stdin, longestMs, group = false }: RunOptions = {}): Spawned => ({
		argv: [...user.argv, ...argv],
		env: {
			PATH: path,
			HOME: folder,
			LANG: "C.UTF-8",
			DAVIT_HOME: home,
			DAVIT_KEY: KEY,
			NODE_COMPILE_CACHE: cache,
			...env,
		},
		cwd: folder,
		group,
		...(stdin === undefined ? {} : { stdin }),
		...(longestMs === undefined ? {} : { longestMs }),
	});
	const spawned = (args: readonly string[], options?: RunOptions) => command([davit, ...args], options);
	const withJson = ([verb = "", ...args]: readonly string[]) => [verb, "--json", ...args];
	const makeFolder = (path: string) => {
		const first = mkdirSync(path, { recursive: true, mode: 0o755 });
		for (let at = path; first !== undefined && at.length >= first.length; at = dirname(at)) own(at);
	};
	const world: World = {
		user,
		folder,
		home,
		davit: (args, options) => run(spawned(args, options)),
		told: async (args, options) => {
			const begun = world.start(args, options);
			const outcome = await begun.ended;
			return { ...outcome, events: begun.events };
		},
		start: (args, options) => {
			const begun = startEvents(spawned(withJson(args), options));
			running.add(begun);
			void begun.ended.then(() => running.delete(begun));
			return begun;
		},
		command,
		write: (path, text, mode = 0o644) => {
			const absolute = join(folder, path);
			makeFolder(dirname(absolute));
			writeFileSync(absolute, text, { mode });
			chmodSync(absolute, mode);
			own(absolute);
			return absolute;
		},
		close: async () => {
			try {
				for (const begun of running) begun.signal("SIGKILL");
				await Promise.all([...running].map(({ ended }) => ended));
				await deleteDeployments(world);
				const left = leftovers(folder);
				if (left.length > 0) throw new Error(`after all deployments were deleted, this is left:\n${left.join("\n")}`);
			} finally {
				for (const { pid } of processesOf(folder)) process.kill(pid, "SIGKILL");
				await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
			}
		},
	};
	return world;
}

/** Names that deploys gave; a deployment that is there no more is none's fault. */
async function deleteDeployments(world: World): Promise<void> {
	for (;;) {
		const { code, stdout, stderr } = await world.davit(["delete-deployment", "-n", "--skip-drain"]);
		if (stderr.includes("no deployment is recorded")) return;
		const [, first] = /which deployment\? There are ([^,\s]+)/.exec(stderr) ?? [];
		if (first === undefined && code === 0) continue;
		const named =
			first === undefined ? undefined : await world.davit(["delete-deployment", "-n", "--skip-drain", first]);
		if (named?.code !== 0) throw new Error(`delete-deployment failed:\n${named?.stderr ?? stderr}${stdout}`);
	}
}

/** Runs `work` in a world of its own, closed whatever happens. */
export async function withWorld(user: User, work: (world: World) => Promise<void>): Promise<void> {
	const world = openWorld(user);
	let failed: Error | undefined;
	try {
		await work(world);
	} catch (error) {
		failed = error as Error;
	}
	try {
		await world.close();
	} catch (error) {
		if (!failed) throw error;
		failed.message += `\nand then: ${(error as Error).message}`;
	}
	if (failed) throw failed;
}
