import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { UserError } from "../../../../src/errors.ts";
import {
	controlScript,
	endedFunction,
	parseStatus,
	statusScript,
	supervisorFiles,
	writeTableScript,
} from "../../../../src/machine/supervisor/control.ts";

const check = {
	name: "api",
	type: "process",
	status: "running",
	monitored: true,
	pending: "",
	pid: 123,
	started: 90_000,
	memKb: 10,
	totalMemKb: 2048,
	cpu: 1,
	totalCpu: 15,
	children: 0,
	restarts: 2,
	exitStatus: 0,
	message: "",
};
const output = (checks: readonly object[], { beat = "100000", uptime = "1000.50 99.0" } = {}) =>
	`${uptime}\n\0${beat}\n\0${JSON.stringify({ version: 1, pid: 9, started: 1, cycle: 1000, checks })}\n\0`;

describe("parseStatus", () => {
	test("a running and a stopped process", () => {
		const stopped = {
			...check,
			name: "db",
			status: "not monitored",
			monitored: false,
			pending: "stop",
			pid: null,
			started: null,
			memKb: null,
			totalMemKb: null,
			totalCpu: null,
			exitStatus: null,
			message: "failed to stop",
		};
		expect(parseStatus(output([check, stopped]))).toEqual([
			{
				name: "api",
				type: "process",
				status: "running",
				monitored: true,
				pid: 123,
				uptimeSeconds: 100,
				memKb: 10,
				totalMemKb: 2048,
				cpuPercent: 1.5,
				restarts: 2,
				exitStatus: 0,
			},
			{
				name: "db",
				type: "process",
				status: "not monitored",
				monitored: false,
				pending: "stop",
				restarts: 2,
				message: "failed to stop",
			},
		]);
	});

	test("a process that ended since the supervisor looked doesn't run", () => {
		const text = output([check, { ...check, name: "db", pid: 124 }]);
		expect(parseStatus(`${text}124 \0`)).toMatchObject([
			{ name: "api", status: "running", pid: 123 },
			{ name: "db", status: "does not exist", message: "its process has ended", monitored: true },
		]);
	});

	test.each([
		["a beat of more than a minute ago", output([], { beat: "94000" })],
		["a beat before the reboot", output([], { beat: "500000" })],
		["no files", "1000.50 99.0\n\0\0\0"],
		["nothing", ""],
		["a cut state", '1000.50 1\n\x00100000\n\0{"version":1,"che\0'],
		["a state of another version", output([]).replace('"version":1', '"version":2')],
	])("%s means that no supervisor is at work", (_, text) => {
		expect(() => parseStatus(text)).toThrow(UserError);
		expect(() => parseStatus(text)).toThrow("the supervisor of the VM doesn't run");
	});
});

test("scripts", () => {
	expect(controlScript("start", "all")).toBe("/var/vcap/davit/supervisor/monit start all\n");
	expect(controlScript("unmonitor", ["a", "b"])).toBe("/var/vcap/davit/supervisor/monit unmonitor a b\n");
	expect(controlScript("stop", [])).toBe("");
	expect(writeTableScript("x\t1\n")).toMatchInlineSnapshot(`
		"set -e
		cat >/var/vcap/davit/supervisor/table.new <<'END'
		x	1
		END
		chmod 0600 /var/vcap/davit/supervisor/table.new
		mv -f /var/vcap/davit/supervisor/table.new /var/vcap/davit/supervisor/table
		# Just after a boot it may be about to start.
		for tries in {100..0}; do
		  if said=$(/var/vcap/davit/supervisor/monit reload 2>&1); then exit 0; fi
		  if [ "$tries" -gt 0 ]; then sleep 0.2; fi
		done
		printf '%s\\n' "$said" >&2
		exit 1
		"
	`);
});

test("a process has ended if it is gone, a zombie, or its number is another's by now", () => {
	const script = `set -euo pipefail
${endedFunction}
start_of() { local stat; IFS= read -r -d '' stat <"/proc/$1/stat" || true; set -- \${stat##*) }; REPLY=\${20}; }
check() { printf '{"name":"x","pid":%s,"started":%s,"message":"\\\\"pid\\\\":1,\\\\"started\\\\":1,"},\n' "$1" "$2"; }
sleep 60 & alive=$!
true & gone=$!
wait $gone
exec 3< <(bash -c 'sleep 0.2 & echo $!; exec sleep 60' 2>/dev/null) # its parent never looks after it
read -r -u 3 zombie
until [[ $(</proc/$zombie/stat) == *') Z '* ]]; do :; done
start_of $alive; started=$REPLY
start_of $zombie; ended_processes "$(check $alive "$started"; check null null; check $gone 5; check $alive 5; check $zombie "$REPLY")"
printf '%s' "\${REPLY//$gone/gone}" | sed "s/$alive/alive/g; s/$zombie/zombie/"
kill $alive
read -r _ _ _ parent _ </proc/$zombie/stat; kill $parent
`;
	expect(execFileSync("bash", { input: script, encoding: "utf8" })).toBe("gone alive zombie ");
});

test.each([
	["run", supervisorFiles.files.run],
	["monit", supervisorFiles.files.monit],
	["the status script", statusScript()],
	["the table script", writeTableScript("END\n")],
])("%s is bash", (_, text) => {
	expect(execFileSync("bash", ["-n"], { input: text, encoding: "utf8" })).toBe("");
});

test("the programs are started by bash, and hold no template's leftovers", () => {
	for (const text of Object.values(supervisorFiles.files)) {
		expect(text.startsWith("#!/bin/bash\n")).toBe(true);
		expect(text).not.toContain("\\$" + "{");
	}
});
