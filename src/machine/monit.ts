import { type Problem, problem, warning } from "../errors.ts";
import type { Check, CheckType, Rule } from "./monit-checks.ts";
import type { RuleContext } from "./monit-failed.ts";
import { conditionFits } from "./monit-fits.ts";
import { programOf } from "./monit-programs.ts";
import { MonitSyntax, monitReader, type Reader } from "./monit-reader.ts";
import { ruleOf } from "./monit-rules.ts";
import { monitTokens } from "./monit-tokens.ts";

/** Whose monit file it is; `file` is its name in the job, such as `monit`. */
export interface MonitFile {
	readonly release: string;
	readonly job: string;
	readonly file: string;
}

export interface MonitFileChecks {
	readonly checks: readonly Check[];
	/** Errors for what can't be supervised, warnings for what is supervised more weakly or ignored. */
	readonly problems: readonly Problem[];
}

type Warn = RuleContext["warn"];
/** A check while its statements are read. */
type Draft = { -readonly [K in keyof Check]: Check[K] };

/** Seconds for start and stop programs, and for `check program`, as monit has them. */
const START_TIMEOUT = 30;
const PROGRAM_TIMEOUT = 300;

/**
 * Reads a job's monit file as BOSH's monit (5.2.5) and newer ones do. Everything that is wrong is reported at once,
 * by release/job/monit:line.
 */
export function parseMonit(text: string, source: MonitFile): MonitFileChecks {
	const problems: Problem[] = [];
	const place = (line: number) => ({ file: `${source.release}/${source.job}/${source.file}`, line });
	const fail = (line: number, message: string, hint: string) =>
		problems.push(problem("monit-check", message, { place: place(line), hint }));
	const warn: Warn = (line, message, hint) => {
		problems.push(warning("monit-check", message, { place: place(line), hint }));
	};
	if (/^\s*\{/.test(text)) {
		fail(
			1,
			"this is the description of a Windows service, which no VM of davit's can run",
			"take the job out, or its addon: exclude the stemcells and groups that it isn't for",
		);
		return { checks: [], problems };
	}
	const { tokens, unclosedQuote } = monitTokens(text);
	if (unclosedQuote !== undefined) fail(unclosedQuote, "a quote is never closed", "close it");
	const reader = monitReader(tokens);
	const checks: Draft[] = [];
	while (!reader.atEnd()) {
		const before = reader.position();
		try {
			if (!statement(reader, checks, source, warn)) throw unknownStatement(reader);
		} catch (error) {
			if (!(error instanceof MonitSyntax)) throw error;
			fail(error.line, error.message, error.hint);
			toNextStatement(reader, before);
		}
	}
	return { checks, problems };
}

function unknownStatement(reader: Reader): MonitSyntax {
	const line = reader.line();
	return new MonitSyntax(
		line,
		`${JSON.stringify(reader.word("a statement"))} begins no monit statement`,
		"mend it, or take it out",
	);
}

const STATEMENTS = new Set([
	"check",
	"start",
	"stop",
	"restart",
	"group",
	"depends",
	"depend",
	"mode",
	"every",
	"if",
	"set",
	"include",
]);

function toNextStatement(reader: Reader, before: number): void {
	if (reader.position() === before) reader.skip();
	while (!reader.atEnd() && !(reader.atLineStart() && STATEMENTS.has(reader.peek()))) reader.skip();
}

/** Reads one statement of any kind; false if the next word begins none. */
function statement(reader: Reader, checks: Draft[], source: MonitFile, warn: Warn): boolean {
	const line = reader.line();
	const word = reader.accept("check", "set", "include");
	if (word === "check") checks.push(checkHead(reader, line, source));
	else if (word === "set") ignoreSet(reader, line, warn);
	else if (word === "include") {
		throw new MonitSyntax(
			line,
			"`include` would bring in checks that davit can't see",
			"write the checks into the job's monit file",
		);
	} else {
		const check = checks.at(-1);
		return (
			check !== undefined &&
			(checkStatement(reader, check) || ruleStatement(reader, check, warn) || ignored(reader, warn))
		);
	}
	return true;
}

/** `set` is the machine's own configuration, which BOSH's agent owns. */
function ignoreSet(reader: Reader, line: number, warn: Warn): void {
	const what = reader.word("a setting");
	warn(line, `\`set ${what}\` is ignored`, "a job can't configure the machine's monit");
	while (!reader.atEnd() && reader.line() === line) reader.skip();
}

const TYPES: Readonly<Record<string, CheckType>> = {
	process: "process",
	file: "file",
	directory: "directory",
	fifo: "fifo",
	filesystem: "filesystem",
	device: "filesystem",
	host: "host",
	system: "system",
	program: "program",
};

function checkHead(reader: Reader, line: number, source: MonitFile): Draft {
	const written = reader.word("a kind of check", { raw: true });
	const type = TYPES[written.toLowerCase()];
	if (!type) {
		throw new MonitSyntax(
			line,
			`\`check ${written}\` can't be supervised`,
			`davit supervises ${Object.keys(TYPES).join(", ")}`,
		);
	}
	const name = reader.word("the check's name", { raw: true });
	if (!/^[^\s@:{}"';(),%\\\p{Cc}]+$/u.test(name)) {
		throw new MonitSyntax(
			line,
			`${JSON.stringify(name)} can't be a check's name`,
			"use letters, digits, dashes and underscores",
		);
	}
	return {
		type,
		name,
		...source,
		line,
		...subject(reader, type),
		groups: [],
		dependsOn: [],
		mode: "active",
		everyCycles: 1,
		rules: [],
	};
}

/** What is checked: a pidfile, a pattern, a path, an address, a program. */
function subject(reader: Reader, type: CheckType): Partial<Draft> {
	if (type === "system") return {};
	if (type === "host") {
		reader.expect("address");
		return { address: reader.word("an address") };
	}
	if (type === "process") {
		const how = reader.expect("pidfile", "path", "matching", "match");
		return how.startsWith("match") ? { matching: reader.word("a pattern") } : { pidfile: absolutePath(reader) };
	}
	reader.expect("path");
	return type === "program" ? { program: programOf(reader, PROGRAM_TIMEOUT) } : { path: absolutePath(reader) };
}

function absolutePath(reader: Reader): string {
	const line = reader.line();
	const path = reader.word("a path");
	if (path.startsWith("/")) return path;
	throw new MonitSyntax(line, `the path ${JSON.stringify(path)} is relative`, "begin it with `/`");
}

/** Statements that set one thing of the check; false if another kind follows. */
function checkStatement(reader: Reader, check: Draft): boolean {
	const word = reader.accept("start", "stop", "restart", "group", "depends", "depend", "mode", "every");
	if (word === "start" || word === "stop" || word === "restart") check[word] = programOf(reader, START_TIMEOUT);
	else if (word === "group") check.groups = [...check.groups, reader.word("a group", { raw: true })];
	else if (word === "depends" || word === "depend") check.dependsOn = [...check.dependsOn, ...names(reader)];
	else if (word === "mode") check.mode = reader.expect("active", "passive", "manual") as Check["mode"];
	else if (word === "every") {
		check.everyCycles = reader.number("a number of cycles (times of day are not supported)");
		reader.expect("cycles", "cycle");
	}
	return word !== undefined;
}

function names(reader: Reader): string[] {
	const list = [reader.word("the name of a check")];
	while (reader.afterComma()) list.push(reader.word("the name of a check", { raw: true }));
	return list;
}

function ruleStatement(reader: Reader, check: Draft, warn: Warn): boolean {
	const line = reader.line();
	if (!reader.accept("if")) return false;
	const rule: Rule = ruleOf(reader, { type: check.type, address: check.address ?? "localhost", warn });
	if (!conditionFits(check.type, rule.condition)) {
		throw new MonitSyntax(
			line,
			`a \`check ${check.type}\` can't test that`,
			"move the test into a check of the type that has it",
		);
	}
	check.rules = [...check.rules, rule];
	return true;
}

/** Mail and M/Monit are no business of davit's. */
function ignored(reader: Reader, warn: Warn): boolean {
	const line = reader.line();
	const word = reader.accept("alert", "noalert", "onreboot");
	if (!word) return false;
	warn(line, `\`${word}\` is ignored`, "davit sends no mail; what fails is shown by `davit instances --ps`");
	while (!reader.atEnd() && reader.line() === line) reader.skip();
	return true;
}
