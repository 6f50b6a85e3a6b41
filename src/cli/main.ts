import { homedir } from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";
import { Command as Commander, CommanderError } from "commander";
import { problemsOf } from "../apply/problems-of.ts";
import { problem, UserError } from "../errors.ts";
import type { CliContext, Command, OptionSpec } from "./command.ts";
import { commandTable } from "./commands/table.ts";
import { interrupts } from "./interrupts.ts";
import { openView, type SecretView } from "./output.ts";
import { systemPorts } from "./ports.ts";
import { systemClock, systemRandom } from "./system.ts";
import type { View } from "./view/view.ts";

interface Globals {
	readonly json?: boolean;
	readonly state?: string;
	readonly color?: boolean;
}

const globalOptions: readonly OptionSpec[] = [
	{ flags: "--json", about: "one JSON object a line, for programs" },
	{ flags: "--state <folder>", about: "where davit remembers deployments (default: DAVIT_HOME, else ~/.davit)" },
];

async function main(argv: readonly string[]): Promise<number> {
	const program = new Commander("davit").description(
		"Deploys BOSH-style platforms on any cloud, without a director VM.",
	);
	program
		.version(await packageVersion(), "-V, --version")
		.exitOverride()
		.showSuggestionAfterError()
		.enablePositionalOptions();
	const asked = argv.find((word) => !word.startsWith("-"));
	let exitCode = 0;
	for (const row of commandTable) {
		const sub = program
			.command(row.name, { hidden: row.hidden === true })
			.description(row.about)
			.exitOverride();
		for (const { flags, about } of globalOptions) sub.option(flags, about);
		if (row.alias !== undefined) sub.alias(row.alias);
		if (asked !== row.name && asked !== row.alias) continue;
		const { command } = await row.load();
		configure(sub, command);
		sub.action(async (...received: unknown[]) => {
			const parsed = received.at(-2) as Globals;
			const args = received.slice(0, -2) as (string | string[] | undefined)[];
			exitCode = await runCommand(command, args, parsed);
		});
	}
	try {
		await program.parseAsync([...argv], { from: "user" });
	} catch (error) {
		if (!(error instanceof CommanderError)) throw error;
		return error.exitCode === 0 || error.code === "commander.help" || error.code === "commander.helpDisplayed" ? 0 : 64;
	}
	return exitCode;
}

function configure(sub: Commander, command: Command): void {
	if (command.arguments !== "") sub.arguments(command.arguments);
	if (command.help) sub.addHelpText("after", `\n${command.help}`);
	for (const { flags, about, repeat } of command.options) {
		if (repeat) sub.option(flags, about, (value: string, list: string[] = []) => [...list, value]);
		else sub.option(flags, about);
	}
}

async function runCommand(
	command: Command,
	args: readonly (string | readonly string[] | undefined)[],
	options: Globals,
): Promise<number> {
	const settings = {
		json: options.json === true,
		streams: { out: process.stdout, err: process.stderr },
		terminal: process.stderr.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== "dumb",
		now: systemClock.now,
	};
	let view = openView(settings);
	try {
		view = openView({ ...settings, log: await openLog(process.env.DAVIT_LOG) });
	} catch (error) {
		return report(error, view);
	}
	const silent = command.endsByInterrupt === true;
	const interrupted = interrupts(view.emit, { silent });
	const context = contextOf(options, view, interrupted.signal);
	try {
		return (await command.run(args, options as Record<string, unknown>, context)) ?? 0;
	} catch (error) {
		if (!isInterruption(error, interrupted.signal)) return report(error, view);
		if (!silent) view.emit({ type: "note", text: "Interrupted. The same command goes on from here." });
		return 130;
	} finally {
		interrupted.dispose();
		await view.close();
	}
}

/** `DAVIT_LOG` names a file that gets every event. It loads only then. */
async function openLog(path: string | undefined): Promise<View | undefined> {
	if (path === undefined || path === "") return undefined;
	const { createLogView } = await import("./view/log.ts");
	try {
		return createLogView(resolve(path), { now: systemClock.now, pid: process.pid });
	} catch (error) {
		const hint = "choose another file, or unset DAVIT_LOG";
		throw new UserError(problem("log-file", `DAVIT_LOG: ${(error as Error).message}`, { hint }), { exitCode: 64 });
	}
}

function contextOf(options: Globals, view: SecretView, signal: AbortSignal): CliContext {
	const { env } = process;
	const home = resolve(env.DAVIT_HOME ?? join(homedir(), ".davit"));
	return {
		env,
		cwd: process.cwd(),
		home,
		stateFolder: options.state ? resolve(options.state) : home,
		emit: view.emit,
		json: options.json === true,
		interactive: process.stdin.isTTY === true && process.stderr.isTTY === true,
		signal,
		clock: systemClock,
		random: systemRandom,
		ports: systemPorts,
		hide: view.hide,
		listen: view.listen,
		self: env.DAVIT_BIN ?? process.argv[1] ?? "davit",
	};
}

/** What breaks when everything is told to stop is no failure, unless somebody could put it into words. */
function isInterruption(error: unknown, signal: AbortSignal): boolean {
	return signal.aborted && (error === signal.reason || !(error instanceof UserError));
}

/** Shows why a command failed: the user's problems without a stack, anything else as a bug of davit's. */
function report(error: unknown, view: SecretView): number {
	const problems = problemsOf(error, undefined);
	if (problems) {
		for (const problem of problems) view.emit({ type: "problem", problem });
		return error instanceof UserError ? error.exitCode : 1;
	}
	const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
	view.emit({
		type: "problem",
		problem: {
			severity: "error",
			code: "bug",
			message: `davit failed in a way it should not: ${stack}`,
			hint: "this is a bug of davit's; please report it with the lines above",
		},
	});
	return 1;
}

async function packageVersion(): Promise<string> {
	const { readFile } = await import("node:fs/promises");
	for (const up of ["../../package.json", "../../../package.json"]) {
		const text = await readFile(new URL(up, import.meta.url), "utf8").catch(() => undefined);
		if (text) return (JSON.parse(text) as { version: string }).version;
	}
	return "unknown";
}

// A reader that left, a terminal that is gone, a copy to it that was told to stop: what can't be written any more must not end davit in the
// middle of a step.
const HARMLESS = ["EPIPE", "EIO", "ABORT_ERR"];
for (const stream of [process.stdout, process.stderr])
	stream.on("error", (error: NodeJS.ErrnoException) => {
		if (!HARMLESS.includes(error.code ?? "")) throw error;
	});

process.exitCode = await main(process.argv.slice(2));
