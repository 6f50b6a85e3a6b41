import type { Clock, Random } from "../clock.ts";
import type { EventSink } from "../events.ts";
import type { Ports } from "./ports.ts";

/** The world as a command sees it: made once, in main. */
export interface CliContext {
	readonly env: Readonly<Record<string, string | undefined>>;
	readonly cwd: string;
	/** `DAVIT_HOME`, or ~/.davit. */
	readonly home: string;
	/** Where the state store is: `--state`, or the home. */
	readonly stateFolder: string;
	readonly emit: EventSink;
	readonly json: boolean;
	readonly interactive: boolean;
	/** Aborts at the first Ctrl-C. */
	readonly signal: AbortSignal;
	readonly clock: Clock;
	readonly random: Random;
	readonly ports: Ports;
	/** Registers secrets that no output may show. */
	readonly hide: (secrets: readonly string[]) => void;
	/** Gets every event as it is shown, without secrets. */
	readonly listen: (listener: EventSink) => void;
	/** The path of the davit command itself, for ProxyCommand lines. */
	readonly self: string;
}

/** An option of a command in commander's notation, and what it is for. */
export interface OptionSpec {
	readonly flags: string;
	readonly about: string;
	/** May be given several times; the values come as a list. */
	readonly repeat?: boolean;
}

/** Parsed options by their long names in camelCase. */
export type Options = Readonly<Record<string, unknown>>;

/** One verb. Exit code 0 unless `run` returns another or throws. */
export interface Command {
	/** Arguments in commander's notation: `<manifest>`, `[instance]`, `[words...]`. */
	readonly arguments: string;
	readonly options: readonly OptionSpec[];
	/** Longer help: what it does, exit codes that need a word. */
	readonly help?: string;
	/** Ctrl-C is a usual way to end it and leaves nothing half done, so nothing is said of it. */
	readonly endsByInterrupt?: boolean;
	run(
		args: readonly (string | readonly string[] | undefined)[],
		options: Options,
		context: CliContext,
	): Promise<number | undefined>;
}

/** A text option, or undefined. */
export function text(options: Options, name: string): string | undefined {
	const value = options[name];
	return typeof value === "string" ? value : undefined;
}

/** A repeatable option's values; empty if it was not given. */
export function texts(options: Options, name: string): readonly string[] {
	const value = options[name];
	return Array.isArray(value) ? value.map(String) : [];
}
