import type { Action, Check, Condition, Program, Reaction, Rule } from "../monit-checks.ts";

export interface SupervisorOptions {
	/** How often each check is looked at. Default 10, as BOSH configures monit. */
	readonly cycleSeconds?: number;
	/** Whether checks that are new to the supervisor are monitored (and so started) at once, as monit would. Default: only when told. */
	readonly autostart?: boolean;
}

/**
 * The checks as the text that the supervisor reads: one fact a line, fields between tabs. A field is empty as `\-`; a backslash,
 * tab or line break in it is escaped. The same checks give the same text.
 */
export function supervisorTable(checks: readonly Check[], options: SupervisorOptions = {}): string {
	return lines([
		["davit-supervisor", 1],
		["cycle", options.cycleSeconds ?? 10],
		["autostart", options.autostart ? 1 : 0],
		...checks.flatMap(checkLines),
	]);
}

type Field = string | number;
type Line = readonly Field[];

function lines(list: readonly Line[]): string {
	return list.map((line) => `${line.map(escaped).join("\t")}\n`).join("");
}

function escaped(field: Field): string {
	if (field === "") return "\\-";
	return String(field).replaceAll("\\", "\\\\").replaceAll("\t", "\\t").replaceAll("\n", "\\n").replaceAll("\r", "\\r");
}

function checkLines(check: Check): Line[] {
	const optional = (key: string, value: string | undefined): Line[] => (value === undefined ? [] : [[key, value]]);
	const program = (key: string, value: Program | undefined): Line[] => (value ? [[key, ...programFields(value)]] : []);
	return [
		["check", check.type, check.name],
		...optional("pidfile", check.pidfile),
		...optional("matching", check.matching),
		...optional("path", check.path),
		...optional("address", check.address),
		...program("program", check.program),
		...program("start", check.start),
		...program("stop", check.stop),
		...program("restart", check.restart),
		...check.groups.map((group) => ["group", group]),
		...check.dependsOn.map((name) => ["depends", name]),
		...(check.mode === "active" ? [] : [["mode", check.mode]]),
		...(check.everyCycles === 1 ? [] : [["every", check.everyCycles]]),
		...check.rules.flatMap(ruleLines),
	];
}

function programFields({ timeoutSeconds, uid = "", gid = "", argv }: Program): Line {
	return [timeoutSeconds, uid, gid, ...argv];
}

function ruleLines({ condition, failed, passed }: Rule): Line[] {
	return [
		["rule", ...conditionFields(condition)],
		["failed", ...reactionFields(failed)],
		...(passed ? [["passed", ...reactionFields(passed)]] : []),
	];
}

function reactionFields({ times, cycles, action }: Reaction): Line {
	return [times, cycles, ...actionFields(action)];
}

function actionFields(action: Action): Line {
	return action.type === "exec" ? ["exec", ...programFields(action.program)] : [action.type];
}

/** monit's event that the condition raises (what `monit summary` shows), the supervisor's rule, and its arguments. */
function conditionFields(condition: Condition): Line {
	switch (condition.type) {
		case "not-exist":
			return ["nonexist", "missing"];
		case "changed":
			return [condition.what, "changed", condition.what];
		case "resource":
			return ["resource", "resource", condition.resource, condition.operator, condition.limit];
		case "space":
		case "space%":
		case "inode":
		case "inode%":
			return ["resource", condition.type, condition.operator, condition.limit];
		case "permission":
		case "uid":
		case "gid":
			return [condition.type, condition.type, condition.value];
		case "restarts":
			return ["timeout", "restarts", condition.restarts, condition.cycles];
		case "unixsocket":
			return ["connection", "unixsocket", condition.path, condition.timeoutSeconds];
		case "ping":
			return ["icmp", "ping", condition.count, condition.timeoutSeconds];
		case "port": {
			const { host, port, transport, protocol, request = "", timeoutSeconds, hostHeader = "" } = condition;
			return ["connection", "port", host, port, transport, protocol, request, timeoutSeconds, hostHeader];
		}
		default:
			return [condition.type, condition.type, condition.operator, condition.limit];
	}
}
