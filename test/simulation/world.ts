import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { problemsOf } from "../../src/apply/problems-of.ts";
import type { CliContext, Command } from "../../src/cli/command.ts";
import { commandTable } from "../../src/cli/commands/table.ts";
import { UserError } from "../../src/errors.ts";
import type { DavitEvent } from "../../src/events.ts";
import { openSqliteStore } from "../../src/state/sqlite.ts";
import { createRubyRenderer } from "../../src/template/ruby/renderer.ts";
import type { Wanted } from "../crash/platform.ts";
import { writePlatform } from "../crash/platform.ts";
import { Chance } from "./chance.ts";
import { isHeld } from "./checks.ts";
import { SimulatedCloud } from "./cloud.ts";
import { DavitProcess } from "./davit-process.ts";
import { Faults } from "./faults.ts";
import { simulatedSsh } from "./ssh.ts";
import { simulatedStore } from "./store.ts";
import { VirtualTime } from "./virtual-time.ts";

/** How a command ended. */
export interface Ended {
	readonly code: number | "killed" | "suspended";
	readonly text: string;
	readonly events: readonly DavitEvent[];
	/** How it ends once it is woken, if it was suspended. */
	readonly wake?: () => Promise<Ended>;
}

/** Longer than a lease lasts here, in ms: nobody renews it. */
const LEASE_SECONDS = 900_000;

export interface WorldOptions {
	readonly seed: number;
	readonly hits?: Map<string, number>;
	/** Things on one page of the cloud's lists; few unless given, so that there are several. */
	readonly page?: number;
}

/** One Ruby for all commands: it takes a second of real time to start. */
const renderer = createRubyRenderer();

/** A cloud, a state store and an operator's folder, in which commands run in this process. */
export class SimulatedWorld {
	readonly time = new VirtualTime();
	readonly chance: Chance;
	readonly cloud: SimulatedCloud;
	readonly folder = mkdtempSync(join(tmpdir(), "davit-simulation-"));
	/** What goes wrong from now on; nothing unless set. */
	faults: Faults;
	/** By instance and name: the disk that it was when all was last looked at. */
	readonly webDisks = new Map<string, string>();
	/** True once a process was suspended: it may make something after another has looked for it. */
	slept = false;
	/** Told of each write of the store; it may kill the process. */
	cut: (side: "before" | "after", davit: DavitProcess) => void = () => {};
	readonly #hits: Map<string, number>;
	#processes = 0;

	constructor({ seed, hits = new Map(), page = 3 }: WorldOptions) {
		this.chance = new Chance(seed);
		this.cloud = new SimulatedCloud(this.time, this.chance, page);
		this.#hits = hits;
		this.faults = new Faults(this.chance, 0, 0, hits);
	}

	/** From now on `share` of all calls goes wrong, and far more in steps of the kind `focus`, until `most` have. */
	goWrong(share: number, most: number, focus: string): void {
		this.faults = new Faults(this.chance, share, most, this.#hits, focus);
	}

	/** Writes release and manifest. */
	want(wanted: Wanted): void {
		writePlatform(this, wanted, { certificates: false });
	}

	/** Writes a file into the operator's folder; the answer is its path. */
	readonly write = (path: string, text: string, mode = 0o644): string => {
		const file = join(this.folder, path);
		mkdirSync(dirname(file), { recursive: true });
		writeFileSync(file, text, { mode });
		return file;
	};

	/** Runs a command to its end, or until its process is killed or suspended. A lease that it left behind runs out. */
	async davit(name: string, args: readonly string[], options: Record<string, unknown> = {}): Promise<Ended> {
		const davit = new DavitProcess();
		const ended = await this.time.until(this.start(davit, name, args, options));
		if (typeof ended.code === "number") return ended;
		await this.#refuseAnother();
		this.time.pass(LEASE_SECONDS * 1_000 + 1);
		return ended;
	}

	/** Whoever comes while one that was killed or sleeps still has the lease must be told so, and do nothing. */
	async #refuseAnother(): Promise<void> {
		if (!(await isHeld(this))) return;
		const { faults } = this;
		this.faults = new Faults(this.chance, 0, 0, this.#hits);
		const other = await this.davit("deploy", ["tiny.yml"], { nonInteractive: true, cloud: ["cloud.yml"] });
		this.faults = faults;
		if (other.code !== 3) throw new Error(`another davit was let in beside one that holds the lease: ${other.text}`);
	}

	/** The same while others run: time does not pass by itself. */
	async start(
		davit: DavitProcess,
		name: string,
		args: readonly string[],
		options: Record<string, unknown> = {},
	): Promise<Ended> {
		const row = commandTable.find((each) => each.name === name);
		if (!row) throw new Error(`no command ${name}`);
		const { command } = await row.load();
		const events: DavitEvent[] = [];
		const context = this.#context(davit, events);
		const run = this.#run(command, args, options, context);
		const endedBy = (code: Ended["code"]): Ended => {
			const text = events.flatMap((event) => (event.type === "note" ? [event.text] : problemText(event))).join("\n");
			return { code, text, events };
		};
		const code = await Promise.race([run, davit.stopped]);
		if (code !== "suspended") return endedBy(code);
		const wake = () => {
			davit.resume();
			return this.time.until(Promise.race([run, davit.killed]).then(endedBy));
		};
		return { ...endedBy(code), wake };
	}

	async #run(
		command: Command,
		args: readonly string[],
		options: Record<string, unknown>,
		context: CliContext,
	): Promise<number> {
		try {
			return (await command.run(args, options, context)) ?? 0;
		} catch (error) {
			const problems = problemsOf(error, undefined);
			if (!problems) throw error;
			for (const problem of problems) context.emit({ type: "problem", problem });
			return error instanceof UserError ? error.exitCode : 1;
		}
	}

	#context(davit: DavitProcess, events: DavitEvent[]): CliContext {
		const home = join(this.folder, "home");
		const steps = new Map<string, string>();
		const where = (instance: string | undefined) => steps.get(instance ?? "") ?? "between steps";
		const emit = (event: DavitEvent) => {
			events.push(event);
			if (event.type === "step-started") {
				steps.set(event.instance ?? "", event.kind);
				steps.set("", event.kind);
			}
		};
		const faults = () => this.faults;
		const clock = this.time.clock();
		return {
			env: {
				DAVIT_KEY: "0".repeat(64),
				DAVIT_LEASE_TTL: String(LEASE_SECONDS),
				HOME: home,
			},
			cwd: this.folder,
			home,
			stateFolder: home,
			emit,
			json: false,
			interactive: false,
			signal: new AbortController().signal,
			clock: {
				...clock,
				sleep: async (ms, signal) => {
					await clock.sleep(ms, signal);
					await davit.alive();
				},
			},
			random: this.chance.of(`random of ${this.#processes++}`).random(),
			hide: () => {},
			listen: () => {},
			self: "davit",
			ports: {
				createRenderer: () => ({ ...renderer, close: async () => {} }),
				loadCpi: async () => async () => this.cloud.cpi(davit, faults, where),
				createSsh: async () => simulatedSsh({ cloud: this.cloud, davit, faults, where }),
				openStore: async (options) =>
					simulatedStore(await openSqliteStore(options), {
						davit,
						fault: () => faults().choose(["kill-before-write", "kill-after-write"], where(undefined), "store"),
						cut: (side) => this.cut(side, davit),
					}),
			},
		};
	}

	close(): void {
		rmSync(this.folder, { recursive: true, force: true });
	}
}

function problemText(event: DavitEvent): readonly string[] {
	if (event.type !== "problem") return [];
	const { severity, code, message } = event.problem;
	return [`${severity} ${code}: ${message}`];
}
