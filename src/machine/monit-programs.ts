import type { Program } from "./monit-checks.ts";
import { MonitSyntax, type Reader } from "./monit-reader.ts";

/** monit splits a program's text at blanks; single quotes keep a word together. There is no shell. */
function argvOf(text: string): string[] {
	return [...text.matchAll(/'([^']*)'|[^\s]+/g)].map((match) => match[1] ?? match[0]);
}

/**
 * `[program] [=] "/path arguments" [as uid U and gid G] [[with] timeout N seconds]`, the same for start, stop, exec and
 * `check program`. monit starts no relative path, since it has no PATH to look in.
 */
export function programOf(reader: Reader, defaultTimeoutSeconds: number): Program {
	const line = reader.line();
	reader.accept("=");
	const quoted = reader.follows("quoted");
	const text = reader.word("a program in quotes");
	const argv = quoted ? argvOf(text) : [text];
	if (!argv[0]?.startsWith("/")) {
		throw new MonitSyntax(
			line,
			`the program ${JSON.stringify(text)} has no full path`,
			"begin it with `/`, as monit wants",
		);
	}
	let uid: string | undefined;
	let gid: string | undefined;
	let timeoutSeconds = defaultTimeoutSeconds;
	for (let option = reader.accept("uid", "gid", "timeout"); option; option = reader.accept("uid", "gid", "timeout")) {
		if (option === "uid") uid = reader.word("a user");
		else if (option === "gid") gid = reader.word("a group");
		else timeoutSeconds = secondsOf(reader);
	}
	return { argv, ...(uid !== undefined && { uid }), ...(gid !== undefined && { gid }), timeoutSeconds };
}

/** A number with a unit of time; none is seconds. Gives seconds. */
export function secondsOf(reader: Reader): number {
	const count = reader.number("a number of seconds");
	const units: Readonly<Record<string, number>> = { s: 1, second: 1, minute: 60, hour: 3600, day: 86_400 };
	const unit = reader.accept(
		...Object.keys(units).flatMap((name) => [name, `${name}s`]),
		"ms",
		"millisecond",
		"milliseconds",
	);
	if (unit?.startsWith("m") && unit !== "minute" && unit !== "minutes") return Math.max(1, Math.ceil(count / 1000));
	return count * (units[unit === "s" ? "s" : (unit ?? "s").replace(/s$/, "")] ?? 1);
}
