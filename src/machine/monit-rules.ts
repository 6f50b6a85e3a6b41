import type { Action, Condition, Reaction, Rule } from "./monit-checks.ts";
import { failedCondition, type RuleContext } from "./monit-failed.ts";
import { programOf, secondsOf } from "./monit-programs.ts";
import { MonitSyntax, type Reader } from "./monit-reader.ts";
import { isResource, resourceCondition } from "./monit-resources.ts";
import { operatorOf, unitOf } from "./monit-units.ts";

const EXEC_TIMEOUT_SECONDS = 30;

/** `if CONDITION [for N [times within M] cycles] then ACTION [else if succeeded ... then ACTION]`; `if` is taken already. */
export function ruleOf(reader: Reader, context: RuleContext): Rule {
	const condition = conditionOf(reader, context);
	if (reader.peek() !== "then" && isResource(reader.peek())) {
		throw new MonitSyntax(
			reader.line(),
			"several conditions stand in one `if`",
			"write one `if` for each: monit itself tests only the last of them",
		);
	}
	const failed = reactionOf(reader);
	if (!reader.accept("else")) return { condition, failed };
	reader.accept("if");
	reader.accept("recovered", "passed", "succeeded");
	return { condition, failed, passed: reactionOf(reader) };
}

function reactionOf(reader: Reader): Reaction {
	let times = 1;
	let cycles = 1;
	if (reader.follows(/^\d+$/)) {
		times = reader.number("a number of cycles");
		cycles = reader.follows(/^\d+$/) ? reader.number("a number of cycles") : times;
		reader.expect("cycles", "cycle");
	}
	if (times < 1 || cycles > 64 || times > cycles) {
		throw new MonitSyntax(reader.line(), "monit remembers 64 cycles", "ask for 1 to 64 cycles");
	}
	reader.expect("then");
	return { times, cycles, action: actionOf(reader) };
}

function actionOf(reader: Reader): Action {
	const word = reader.expect("alert", "restart", "start", "stop", "unmonitor", "timeout", "exec", "execute");
	switch (word) {
		case "exec":
		case "execute": {
			const program = programOf(reader, EXEC_TIMEOUT_SECONDS);
			repeat(reader);
			return { type: "exec", program };
		}
		case "timeout":
			return { type: "unmonitor" };
		case "alert":
			repeat(reader);
			return { type: "alert" };
		default:
			return { type: word as "restart" | "start" | "stop" | "unmonitor" };
	}
}

/** `repeat every N cycles` is newer than BOSH's monit, whose actions always repeat. */
function repeat(reader: Reader): void {
	if (!reader.accept("repeat")) return;
	reader.expect("every");
	if (reader.follows(/^\d+$/)) reader.number("a number of cycles");
	reader.expect("cycles", "cycle");
}

const CONDITIONS = "failed not changed uptime space inode inodes size timestamp status".split(" ");

function conditionOf(reader: Reader, context: RuleContext): Condition {
	if (reader.follows(/^\d+$/)) return restarts(reader);
	if (isResource(reader.peek())) return resourceCondition(reader);
	const word = reader.accept(...CONDITIONS);
	switch (word) {
		case "failed":
			return failedCondition(reader, context);
		case "not":
			reader.expect("exist");
			return { type: "not-exist" };
		case "changed":
			return changed(reader);
		case "space":
		case "inode":
		case "inodes":
			return filesystem(reader, word === "space" ? "space" : "inode");
		case "uptime":
		case "timestamp":
			return { type: word, operator: operatorOf(reader), limit: secondsOf(reader) };
		case "size":
			return { type: "size", operator: operatorOf(reader), limit: bytesOf(reader) };
		case "status":
			return { type: "status", operator: operatorOf(reader), limit: reader.number("an exit status") };
		default:
			throw new MonitSyntax(
				reader.line(),
				`the condition ${JSON.stringify(reader.atEnd() ? "" : reader.word("a condition"))} can't be supervised`,
				"mend it, or write a `check program` with a script that tests it",
			);
	}
}

function restarts(reader: Reader): Condition {
	const count = reader.number("a number of restarts");
	reader.expect("restarts", "restart");
	const cycles = reader.number("a number of cycles");
	reader.expect("cycles", "cycle");
	return { type: "restarts", restarts: count, cycles };
}

function changed(reader: Reader): Condition {
	const what = reader.expect("pid", "ppid", "timestamp", "size", "checksum", "fsflag", "fsflags");
	if (what === "pid" || what === "ppid" || what === "timestamp" || what === "size") return { type: "changed", what };
	throw new MonitSyntax(reader.line(), `\`changed ${what}\` can't be supervised`, "test `timestamp` or `size` instead");
}

function filesystem(reader: Reader, what: "space" | "inode"): Condition {
	const operator = operatorOf(reader);
	const count = reader.number("a limit");
	if (reader.accept("%", "percent")) return { type: `${what}%`, operator, limit: Math.round(count * 10) };
	return { type: what, operator, limit: Math.round(what === "space" ? count * unitOf(reader) : count) };
}

function bytesOf(reader: Reader): number {
	const count = reader.number("a size");
	return Math.round(count * unitOf(reader));
}
