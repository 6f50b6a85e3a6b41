import { describe, expect, test } from "vitest";
import { parseMonit } from "../../../src/machine/monit.ts";
import type { Check } from "../../../src/machine/monit-checks.ts";

const source = { release: "cf", job: "router", file: "monit" };
const parse = (text: string) => parseMonit(text, source);
const only = (text: string): Check => {
	const { checks, problems } = parse(text);
	expect(problems).toEqual([]);
	expect(checks).toHaveLength(1);
	return checks[0] as Check;
};
const rulesOf = (...statements: readonly string[]) =>
	only(`check process a with pidfile /a\n${statements.join("\n")}`).rules;
const told = (text: string) =>
	parse(text).problems.map(
		({ severity, place, message, hint }) => `${severity}: ${place?.file}:${place?.line}: ${message} (${hint})`,
	);

describe("checks", () => {
	test("what releases write", () => {
		expect(
			only(`# the router
check process gorouter
  with pidfile /var/vcap/sys/run/bpm/gorouter/gorouter.pid
  start program "/var/vcap/jobs/bpm/bin/bpm start gorouter -p 'a b'"
    as uid vcap and gid vcap with timeout 120 seconds
  stop program = "/var/vcap/jobs/bpm/bin/bpm stop gorouter"
  group vcap
  depends on nats, "uaa", db
  mode manual
  every 2 cycles
`),
		).toEqual({
			...source,
			type: "process",
			name: "gorouter",
			line: 2,
			pidfile: "/var/vcap/sys/run/bpm/gorouter/gorouter.pid",
			start: {
				argv: ["/var/vcap/jobs/bpm/bin/bpm", "start", "gorouter", "-p", "a b"],
				uid: "vcap",
				gid: "vcap",
				timeoutSeconds: 120,
			},
			stop: { argv: ["/var/vcap/jobs/bpm/bin/bpm", "stop", "gorouter"], timeoutSeconds: 30 },
			groups: ["vcap"],
			dependsOn: ["nats", "uaa", "db"],
			mode: "manual",
			everyCycles: 2,
			rules: [],
		});
	});

	test.each([
		["check process a matching '^/bin/a b+'", { type: "process", matching: "^/bin/a b+" }],
		['CHECK PROCESS "a" PIDFILE "/p q.pid"', { type: "process", pidfile: "/p q.pid" }],
		["check file a path /etc/cron.d/x", { type: "file", path: "/etc/cron.d/x" }],
		["check directory a with path /d", { type: "directory", path: "/d" }],
		["check fifo a with path /f", { type: "fifo", path: "/f" }],
		["check device a with path /var/vcap/store", { type: "filesystem", path: "/var/vcap/store" }],
		["check host a with address 10.0.0.1", { type: "host", address: "10.0.0.1" }],
		["check system a", { type: "system" }],
		[
			'check program a with path "/bin/t -x" with timeout 5 seconds',
			{ type: "program", program: { argv: ["/bin/t", "-x"], timeoutSeconds: 5 } },
		],
	])("%s", (text, expected) => {
		expect(only(text)).toMatchObject({ name: "a", ...expected });
	});

	test("a check may be named as a word that monit skips", () => {
		expect(
			parse("check process program with pidfile /a\ncheck process with pidfile /b").checks.map(({ name }) => name),
		).toEqual(["program", "with"]);
	});

	test("files without checks, and of comments only", () => {
		expect(parse("")).toEqual({ checks: [], problems: [] });
		expect(parse('\n# nothing to watch, "really\n\n')).toEqual({ checks: [], problems: [] });
	});

	test("a Windows job's file, which is JSON, is told as what it is, once", () => {
		expect(parse('{"processes": [\n  {"name": "rep", "executable": "C:\\\\rep.exe"}\n]}').problems).toMatchObject([
			{ message: "this is the description of a Windows service, which no VM of davit's can run", place: { line: 1 } },
		]);
	});

	test("`depends on a` ends where the next statement begins", () => {
		const check = only("check process a with pidfile /a\n depends on b\n group c");
		expect([check.dependsOn, check.groups]).toEqual([["b"], ["c"]]);
	});
});

describe("rules", () => {
	const failed = (times: number, cycles: number, type: string) => ({ times, cycles, action: { type } });
	test.each([
		[
			"if totalmem > 3000 Mb for 15 cycles then restart",
			{ type: "resource", resource: "totalmem", operator: ">", limit: 3_072_000 },
			failed(15, 15, "restart"),
		],
		[
			"if totalmem > 80 % for 3 times within 5 cycles then alert",
			{ type: "resource", resource: "totalmem%", operator: ">", limit: 800 },
			failed(3, 5, "alert"),
		],
		[
			"if totalmem > 500MB then restart",
			{ type: "resource", resource: "totalmem", operator: ">", limit: 512_000 },
			failed(1, 1, "restart"),
		],
		[
			"if memory usage greater than 2 gb then stop",
			{ type: "resource", resource: "mem", operator: ">", limit: 2_097_152 },
			failed(1, 1, "stop"),
		],
		[
			"if cpu is greater than 90.5% for 2 cycles then alert",
			{ type: "resource", resource: "cpu", operator: ">", limit: 905 },
			failed(2, 2, "alert"),
		],
		["if total cpu > 1% then alert", undefined, undefined],
		[
			"if loadavg (5min) > 1.5 then alert",
			{ type: "resource", resource: "loadavg5", operator: ">", limit: 150 },
			failed(1, 1, "alert"),
		],
		[
			"if loadavg(15m) > 8 then alert",
			{ type: "resource", resource: "loadavg15", operator: ">", limit: 800 },
			failed(1, 1, "alert"),
		],
		[
			"if children >= 250 then restart",
			{ type: "resource", resource: "children", operator: ">=", limit: 250 },
			failed(1, 1, "restart"),
		],
		[
			"if 5 restarts within 6 cycles then timeout",
			{ type: "restarts", restarts: 5, cycles: 6 },
			failed(1, 1, "unmonitor"),
		],
		["if changed pid then alert", { type: "changed", what: "pid" }, failed(1, 1, "alert")],
		["if not exist for 2 cycles then start", { type: "not-exist" }, failed(2, 2, "start")],
		["if does not exist then restart", { type: "not-exist" }, failed(1, 1, "restart")],
		["if uptime > 3 days then restart", { type: "uptime", operator: ">", limit: 259_200 }, failed(1, 1, "restart")],
		[
			"if failed unixsocket /var/s.sock then restart",
			{ type: "unixsocket", path: "/var/s.sock", timeoutSeconds: 5 },
			failed(1, 1, "restart"),
		],
		[
			'if failed host 127.0.0.1 port 8080 type tcp protocol http and request "/healthz?a=b" with timeout 20 seconds for 3 cycles then restart',
			{
				type: "port",
				host: "127.0.0.1",
				port: 8080,
				transport: "tcp",
				protocol: "http",
				request: "/healthz?a=b",
				timeoutSeconds: 20,
			},
			failed(3, 3, "restart"),
		],
		[
			"if failed port 53 type udp then alert",
			{ type: "port", host: "localhost", port: 53, transport: "udp", protocol: "default", timeoutSeconds: 5 },
			failed(1, 1, "alert"),
		],
	])("%s", (text, condition, reaction) => {
		if (!condition) return expect(told(`check process a with pidfile /a\n${text}`)).toHaveLength(1);
		expect(rulesOf(text)).toEqual([{ condition, failed: reaction }]);
	});

	test("exec, and what happens when it is over", () => {
		const exec = `if totalmem > 1 Mb for 2 cycles then exec "/bin/drain now" as uid vcap else if succeeded for 3 cycles then alert`;
		expect(rulesOf(exec, "if 1 restart within 2 cycles then exec '/bin/x'")).toEqual([
			{
				condition: { type: "resource", resource: "totalmem", operator: ">", limit: 1024 },
				failed: {
					times: 2,
					cycles: 2,
					action: { type: "exec", program: { argv: ["/bin/drain", "now"], uid: "vcap", timeoutSeconds: 30 } },
				},
				passed: { times: 3, cycles: 3, action: { type: "alert" } },
			},
			{
				condition: { type: "restarts", restarts: 1, cycles: 2 },
				failed: { times: 1, cycles: 1, action: { type: "exec", program: { argv: ["/bin/x"], timeoutSeconds: 30 } } },
			},
		]);
	});

	test("of filesystems, files and programs", () => {
		expect(
			only("check device d path /d\nif SPACE usage > 80% then alert\nif inodes > 90 % then alert").rules.map(
				({ condition }) => condition,
			),
		).toEqual([
			{ type: "space%", operator: ">", limit: 800 },
			{ type: "inode%", operator: ">", limit: 900 },
		]);
		expect(
			only(
				"check file f path /f\nif timestamp > 2 hours then alert\nif size > 1 MB then alert\nif failed permission 640 then alert",
			).rules.map(({ condition }) => condition),
		).toEqual([
			{ type: "timestamp", operator: ">", limit: 7200 },
			{ type: "size", operator: ">", limit: 1_048_576 },
			{ type: "permission", value: "640" },
		]);
		expect(only("check program p path /p\nif status != 0 for 2 cycles then alert").rules[0]?.condition).toEqual({
			type: "status",
			operator: "!=",
			limit: 0,
		});
	});
});

test("what is wrong, all of it, with its line and what to do", () => {
	expect(
		told(`check process a pidfile /a
  start program "ctl start"
  if failed port 6379 send "PING" expect "PONG" then restart
  if failed port 3306 protocol mysql then alert
  if cpu > 50% and memory > 20% for 2 cycles then alert
  if match "ERROR" then alert
  if totalmem > 5 Mb for 65 cycles then alert
  bogus
check network eth0 with interface eth0
check process b;c with pidfile b.pid
check file f with path /f
  if changed checksum then alert
  if status != 0 then alert
  if space > 80% then alert
include /etc/x.monitrc
set daemon 5
alert root@localhost
check process last with pidfile /last
  if
`),
	).toMatchInlineSnapshot(`
		[
		  "error: cf/router/monit:2: the program "ctl start" has no full path (begin it with \`/\`, as monit wants)",
		  "error: cf/router/monit:3: a connection test with \`send\` can't be supervised (test the port alone, or write a \`check program\` with a script that tests the answer)",
		  "warning: cf/router/monit:4: of \`mysql\` only the connection is tested (nothing to do, unless the answer matters: then write a \`check program\`)",
		  "error: cf/router/monit:5: several conditions stand in one \`if\` (write one \`if\` for each: monit itself tests only the last of them)",
		  "error: cf/router/monit:6: the condition "match" can't be supervised (mend it, or write a \`check program\` with a script that tests it)",
		  "error: cf/router/monit:7: monit remembers 64 cycles (ask for 1 to 64 cycles)",
		  "error: cf/router/monit:9: \`check network\` can't be supervised (davit supervises process, file, directory, fifo, filesystem, device, host, system, program)",
		  "error: cf/router/monit:10: "c" stands where \`pidfile\` or \`path\` or \`matching\` or \`match\` should (see monit's manual for the statement's form)",
		  "error: cf/router/monit:12: \`changed checksum\` can't be supervised (test \`timestamp\` or \`size\` instead)",
		  "error: cf/router/monit:13: a \`check file\` can't test that (move the test into a check of the type that has it)",
		  "error: cf/router/monit:14: a \`check file\` can't test that (move the test into a check of the type that has it)",
		  "error: cf/router/monit:15: \`include\` would bring in checks that davit can't see (write the checks into the job's monit file)",
		  "warning: cf/router/monit:16: \`set daemon\` is ignored (a job can't configure the machine's monit)",
		  "warning: cf/router/monit:17: \`alert\` is ignored (davit sends no mail; what fails is shown by \`davit instances --ps\`)",
		  "error: cf/router/monit:19: the condition "" can't be supervised (mend it, or write a \`check program\` with a script that tests it)",
		]
	`);
	expect(parse('check process a with pidfile "/a').problems[0]).toMatchObject({
		code: "monit-check",
		message: "a quote is never closed",
		place: { file: "cf/router/monit", line: 1 },
	});
});
