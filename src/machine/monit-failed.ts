import type { CheckType, Condition } from "./monit-checks.ts";
import { secondsOf } from "./monit-programs.ts";
import { MonitSyntax, type Reader } from "./monit-reader.ts";

/** What the rule's check is, since some words mean different things in different checks. */
export interface RuleContext {
	readonly type: CheckType;
	/** Where ports are dialled that name no host. */
	readonly address: string;
	readonly warn: (line: number, message: string, hint: string) => void;
}

const NET_TIMEOUT_SECONDS = 5;

/** What follows `if failed`: a port, a socket, a ping, a URL, or a file's permission or owner. */
export function failedCondition(reader: Reader, context: RuleContext): Condition {
	const owner = reader.accept("permission", "perm", "uid", "gid", "checksum", "md5", "sha1");
	if (owner === "uid" || owner === "gid") return { type: owner, value: reader.word("a user or group") };
	if (owner === "permission" || owner === "perm") return { type: "permission", value: reader.word("octal digits") };
	if (owner) {
		throw new MonitSyntax(
			reader.line(),
			"checksums can't be supervised",
			"test `changed timestamp` or `changed size` instead",
		);
	}
	if (reader.accept("icmp", "ping", "ping4", "ping6")) return ping(reader);
	if (reader.accept("url")) return url(reader, context);
	return connection(reader, context);
}

function ping(reader: Reader): Condition {
	if (reader.accept("type")) reader.expect("echo");
	const count = reader.accept("count") ? reader.number("a count") : 3;
	const timeoutSeconds = reader.accept("timeout") ? secondsOf(reader) : NET_TIMEOUT_SECONDS;
	return { type: "ping", count, timeoutSeconds };
}

function url(reader: Reader, context: RuleContext): Condition {
	const line = reader.line();
	const text = reader.word("a URL");
	const parsed = URL.canParse(text) ? new URL(text) : undefined;
	if (!parsed || !/^https?:$/.test(parsed.protocol) || reader.peek() === "content") {
		throw new MonitSyntax(line, `the URL test ${text} can't be supervised`, "test the port with `protocol http`");
	}
	if (parsed.protocol === "https:") weaker(context, line, "https");
	const timeoutSeconds = reader.accept("timeout") ? secondsOf(reader) : NET_TIMEOUT_SECONDS;
	return {
		type: "port",
		host: parsed.hostname,
		port: Number(parsed.port || (parsed.protocol === "https:" ? 443 : 80)),
		transport: "tcp",
		protocol: parsed.protocol === "https:" ? "default" : "http",
		request: parsed.pathname + parsed.search,
		timeoutSeconds,
	};
}

interface Connection {
	host: string;
	port?: number;
	path?: string;
	transport: "tcp" | "udp";
	protocol: "default" | "http";
	request?: string;
	hostHeader?: string;
	timeoutSeconds: number;
}

function connection(reader: Reader, context: RuleContext): Condition {
	const line = reader.line();
	const found: Connection = {
		host: context.address,
		transport: "tcp",
		protocol: "default",
		timeoutSeconds: NET_TIMEOUT_SECONDS,
	};
	while (part(reader, found, context));
	const { port, path, ...rest } = found;
	if (path !== undefined) return { type: "unixsocket", path, timeoutSeconds: rest.timeoutSeconds };
	if (port !== undefined && port > 0 && port < 65_536) return { type: "port", port, ...rest };
	throw new MonitSyntax(
		line,
		"the `if failed` test names no port",
		"write `if failed host ADDRESS port NUMBER then ...`",
	);
}

/** Takes one part of a connection test, in whatever order they come; false when none follows. */
function part(reader: Reader, found: Connection, context: RuleContext): boolean {
	const line = reader.line();
	const word = reader.accept(
		"host",
		"port",
		"portnumber",
		"unix",
		"unixsocket",
		"type",
		"ssl",
		"protocol",
		"proto",
		"request",
		"hostheader",
		"timeout",
		"retry",
		"send",
		"expect",
		"content",
		"checksum",
		"status",
		"method",
	);
	if (word === "host") found.host = reader.word("an address");
	else if (word === "port" || word === "portnumber") found.port = reader.number("a port");
	else if (word === "unix" || word === "unixsocket") found.path = reader.word("a path");
	else if (word === "type") transport(reader, found, context);
	else if (word === "ssl") weaker(context, line, "ssl");
	else if (word === "protocol" || word === "proto") protocol(reader, found, context);
	else if (word === "request") found.request = reader.word("a path");
	else if (word === "hostheader") found.hostHeader = reader.word("a host name");
	else if (word === "timeout") found.timeoutSeconds = secondsOf(reader);
	else if (word === "retry") reader.number("a number");
	else if (word) {
		const hint = "test the port alone, or write a `check program` with a script that tests the answer";
		throw new MonitSyntax(line, `a connection test with \`${word}\` can't be supervised`, hint);
	}
	return word !== undefined;
}

function transport(reader: Reader, found: Connection, context: RuleContext): void {
	const line = reader.line();
	const word = reader.expect("tcp", "udp", "tcpssl");
	if (word === "udp") found.transport = "udp";
	if (word !== "tcpssl") return;
	weaker(context, line, "tcpssl");
	reader.accept("auto", "sslauto", "sslv2", "sslv3", "tlsv1");
}

function protocol(reader: Reader, found: Connection, context: RuleContext): void {
	const line = reader.line();
	const name = reader.word("a protocol").toLowerCase();
	if (name === "http") found.protocol = "http";
	else if (name !== "default") weaker(context, line, name);
}

function weaker(context: RuleContext, line: number, what: string): void {
	context.warn(
		line,
		`of \`${what}\` only the connection is tested`,
		"nothing to do, unless the answer matters: then write a `check program`",
	);
}
