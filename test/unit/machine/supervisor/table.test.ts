import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { parseMonit } from "../../../../src/machine/monit.ts";
import type { Check } from "../../../../src/machine/monit-checks.ts";
import { table as readTable } from "../../../../src/machine/supervisor/program/table.ts";
import { supervisorTable } from "../../../../src/machine/supervisor/table.ts";

test("a table is one fact a line", () => {
	const { checks } = parseMonit(
		`check process api with pidfile /run/api.pid
  start program "/bin/ctl start" as uid vcap with timeout 60 seconds
  stop program "/bin/ctl stop"
  group vcap
  depends on db
  if totalmem > 500 Mb for 3 cycles then exec "/bin/drain 'a b'"
  if failed port 8080 protocol http then restart else if passed then alert
check process db matching "post	gres"
  mode manual
check filesystem store with path /var/vcap/store
  every 2 cycles
  if space usage > 80% then alert
`,
		{ release: "r", job: "j", file: "monit" },
	);
	expect(supervisorTable(checks).replaceAll("\t", " | ")).toMatchInlineSnapshot(`
		"davit-supervisor | 1
		cycle | 10
		autostart | 0
		check | process | api
		pidfile | /run/api.pid
		start | 60 | vcap | \\- | /bin/ctl | start
		stop | 30 | \\- | \\- | /bin/ctl | stop
		group | vcap
		depends | db
		rule | resource | resource | totalmem | > | 512000
		failed | 3 | 3 | exec | 30 | \\- | \\- | /bin/drain | a b
		rule | connection | port | localhost | 8080 | tcp | http | \\- | 5 | \\-
		failed | 1 | 1 | restart
		passed | 1 | 1 | alert
		check | process | db
		matching | post\\tgres
		mode | manual
		check | filesystem | store
		path | /var/vcap/store
		every | 2
		rule | resource | space% | > | 800
		failed | 1 | 1 | alert
		"
	`);
	expect(supervisorTable([], { cycleSeconds: 1, autostart: true })).toBe(
		"davit-supervisor\t1\ncycle\t1\nautostart\t1\n",
	);
});

const word = fc.string({
	unit: fc.constantFrom("a", " ", "\t", "\n", "\r", "\\", "n", "t", "-", "'", '"', "$", "`", "*", "é", "%", "0"),
	maxLength: 8,
});

test("bash reads back every argument, whatever it holds", () => {
	const cases = fc.sample(fc.array(word, { minLength: 1, maxLength: 4 }), 150);
	const checks = cases.map(
		(argv, index): Check => ({
			type: "process",
			name: `c${index}`,
			release: "r",
			job: "j",
			file: "monit",
			line: 1,
			pidfile: "/p",
			start: { argv: ["/bin/x", ...argv], timeoutSeconds: 1 },
			groups: [],
			dependsOn: [],
			mode: "active",
			everyCycles: 1,
			rules: [],
		}),
	);
	const script = `cd "$(mktemp -d)" && trap 'rm -r "$PWD"' EXIT; cat >table; log() { :; }; new_check() { :; }
${readTable}
load_table
for name in "\${CHECKS[@]}"; do eval "words=(\${WORDS[$name:start]})"; printf '%s\\0' "\${#words[@]}" "\${words[@]}"; done`;
	const out = execFileSync("bash", ["-c", script], { input: supervisorTable(checks), encoding: "utf8" });
	expect(out.split("\0").slice(0, -1)).toEqual(cases.flatMap((argv) => [String(argv.length + 1), "/bin/x", ...argv]));
});
