import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chown, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { type Bench, bench } from "./supervisor-bench.ts";

const run = promisify(execFile);
const root = process.getuid?.() === 0;

const processCheck = (name: string, kind = "", more = "") => `
check process ${name}
  with pidfile FOLDER/${name}.pid
  start program "CTL start ${name} ${kind}" with timeout 3 seconds
  stop program "CTL stop ${name} ${kind}" with timeout 3 seconds
  ${more}
`;

interface StateCheck {
	readonly name: string;
	readonly status: string;
	readonly monitored: boolean;
	readonly pending: string;
	readonly pid: number | null;
	readonly totalMemKb: number | null;
	readonly restarts: number;
	readonly exitStatus: number | null;
	readonly message: string;
}

async function state(b: Bench, name: string): Promise<StateCheck | undefined> {
	const text = await readFile(join(b.folder, "root/state.json"), "utf8").catch(() => '{"checks":[]}');
	return (JSON.parse(text) as { checks: StateCheck[] }).checks.find((check) => check.name === name);
}

const running = (b: Bench, ...names: readonly string[]) =>
	b.until(`${names} run`, async () => {
		const states = await Promise.all(names.map((name) => state(b, name)));
		return states.every((each) => each?.status === "running" && each.pid !== null);
	});
const end = async (b: Bench, signal: NodeJS.Signals) => {
	const exit = once(b.supervisor(), "exit");
	b.supervisor().kill(signal);
	await exit;
};
const alive = (pid: number) => {
	try {
		return process.kill(pid, 0);
	} catch {
		return false;
	}
};

/** What BOSH's monit 5.2.5 does and Debian's doesn't, and what only ours can do. */
describe.concurrent("supervisor: davit alone", () => {
	test("manual mode waits to be started (monit 5.2.5; newer ones take it for active)", async () => {
		await using b = await bench("davit", processCheck("m", "", "mode manual"));
		await b.cycles(2);
		expect([await b.calls(), (await state(b, "m"))?.status]).toEqual([[], "not monitored"]);
		await b.monit("start", "m");
		await running(b, "m");
	});

	test("a start program that stays in the foreground is the process (monit 5.2.5)", async () => {
		await using b = await bench("davit", processCheck("a", "foreground"));
		await running(b, "a");
		await b.cycles(4);
		await b.monit("stop", "a");
		await b.until("it has stopped", async () => (await state(b, "a"))?.pid === null);
		expect(await b.calls()).toEqual(["start a", "stop a"]);
	});

	test("says why a start failed", async () => {
		await using b = await bench("davit", processCheck("a", "fails"));
		await b.until("the start has failed", async () => (await state(b, "a"))?.status === "execution failed");
		expect(await state(b, "a")).toMatchObject({
			monitored: true,
			pid: null,
			exitStatus: 3,
			message: "failed to start (its start program gave 3)",
		});
	});

	test("tells bosh-dns how the instance is: health.json in the agent's words", async () => {
		await using b = await bench("davit", processCheck("a", "slow") + processCheck("b"));
		const health = (state: string) =>
			b.until(`the instance is ${state}`, async () => {
				const text = await readFile(join(b.folder, "root/health.json"), "utf8").catch(() => "");
				return text === `{"state":"${state}"}`;
			});
		await health("starting");
		await health("running");
		await b.monit("unmonitor", "b");
		await health("failing");
		await b.monit("stop", "all");
		await health("stopped");
		await b.monit("start", "all");
		await health("running");
	});

	test("starts many at once", async () => {
		const names = Array.from({ length: 8 }, (_, index) => `p${index}`);
		await using b = await bench("davit", names.map((name) => processCheck(name, "slow")).join(""));
		await b.until("all start programs run", async () => (await b.calls()).length === names.length);
		const states = await Promise.all(names.map((name) => state(b, name)));
		expect(states.filter((each) => each?.status === "running")).toEqual([]);
		await running(b, ...names);
	});

	test.each(["SIGTERM", "SIGKILL"] as const)(
		"after %s the jobs run on, and the next supervisor finds them",
		async (signal) => {
			await using b = await bench("davit", processCheck("a") + processCheck("u"));
			await running(b, "a", "u");
			await b.monit("unmonitor", "u");
			await end(b, signal);
			const pid = await b.pid("a");
			expect(alive(pid)).toBe(true);
			process.kill(await b.pid("u"), "SIGKILL");
			expect(await b.monit("summary")).toMatch(/daemon is not running/);
			b.again();
			await b.cycles(2);
			await running(b, "a");
			expect(await state(b, "a")).toMatchObject({ pid });
			expect(await state(b, "u")).toMatchObject({ status: "not monitored", pid: null });
			expect([...(await b.calls())].sort()).toEqual(["start a", "start u"]);
		},
	);

	test("a process that died while no supervisor ran is started", async () => {
		await using b = await bench("davit", processCheck("a"));
		await running(b, "a");
		await end(b, "SIGKILL");
		process.kill(await b.pid("a"), "SIGKILL");
		b.again();
		await b.until("it is started again", async () => (await b.calls()).length === 2);
	});

	test("a pidfile whose number now belongs to another process is stale", async () => {
		await using b = await bench("davit", processCheck("a"));
		await running(b, "a");
		await end(b, "SIGKILL");
		const other = spawn("sleep", ["60"]);
		const old = await b.pid("a");
		process.kill(old, "SIGKILL");
		await writeFile(join(b.folder, "a.pid"), `${other.pid}\n`);
		const memory = await readFile(join(b.folder, "root/memory"), "utf8");
		await writeFile(join(b.folder, "root/memory"), memory.replace(`a yes ${old} `, `a yes ${other.pid} `));
		b.again();
		await b.until("it is started again", async () => (await b.calls()).length === 2);
		await running(b, "a");
		expect((await state(b, "a"))?.pid).not.toBe(other.pid);
		other.kill();
	});

	test("after a reboot every pidfile that lies about is stale", async () => {
		await using b = await bench("davit", processCheck("a"));
		await running(b, "a");
		await end(b, "SIGKILL");
		const memory = join(b.folder, "root/memory");
		await writeFile(memory, (await readFile(memory, "utf8")).replace(/^.*\n/, "another-boot:1\n"));
		b.again();
		await b.until("it is started again", async () => (await b.calls()).length === 2);
	});

	test("a zombie is dead, whatever its pidfile says", async () => {
		await using b = await bench("davit", processCheck("a"));
		await running(b, "a");
		// The shell becomes a program that never waits for the child it has inherited.
		const script = `sleep 0.1 & echo $! >${b.folder}/a.pid; exec sleep 60`;
		const parent = spawn("bash", ["-c", script]);
		await b.until("it is started again", async () => (await b.calls()).length === 2);
		parent.kill();
	});

	test.runIf(root)("a pidfile of any owner counts", async () => {
		await using b = await bench("davit", processCheck("a"));
		await running(b, "a");
		await chown(join(b.folder, "a.pid"), 1000, 1000);
		await b.cycles(2);
		expect(await b.calls()).toEqual(["start a"]);
	});

	test.runIf(root)("programs run as the asked user and group, in monit's bare environment", async () => {
		const as = `check program id with path "/bin/bash -c 'id -u; id -g; id -G; env'" as uid 1000 and gid 1000\n if status != 0 then alert`;
		const start = `check file f with path FOLDER/f.file
  start program "/bin/bash -c 'cd FOLDER; { id -u; id -g; id -G; env | sort; } >who.new; mv who.new who'" as uid 1000 and gid 1000`;
		await using b = await bench("davit", `${start}\n${as}`);
		await run("chmod", ["777", b.folder]);
		const who = () => readFile(join(b.folder, "who"), "utf8").catch(() => "");
		await b.until("the start program ran", async () => (await who()) !== "");
		const lines = (await who()).split("\n");
		expect(lines.slice(0, 3)).toEqual(["1000", "1000", "1000"]);
		expect(lines).toContain("PATH=/bin:/usr/bin:/sbin:/usr/sbin");
		expect(lines).toContain("MONIT_SERVICE=f");
		expect(lines.filter((line) => /^(HOME|DAVIT|NODE|SHELL)/.test(line))).toEqual([]);
	});

	test("a new table touches changed checks only, and forgets those that are gone", async () => {
		await using b = await bench("davit", processCheck("a") + processCheck("b") + processCheck("c"));
		await running(b, "a", "b", "c");
		const pid = await b.pid("a");
		await b.reload(processCheck("a") + processCheck("b", "", "if totalmem > 900 Mb then alert") + processCheck("d"));
		await running(b, "a", "b", "d");
		expect((await state(b, "a"))?.pid).toBe(pid);
		expect(await state(b, "c")).toBeUndefined();
		expect(alive(await b.pid("c"))).toBe(true);
		expect(await b.calls()).toHaveLength(4);
	});

	test("a stop that comes during a start leaves nothing behind", async () => {
		await using b = await bench("davit", processCheck("a", "slow"));
		await b.until("the start program runs", async () => (await b.calls()).length === 1);
		await b.monit("stop", "a");
		expect((await state(b, "a"))?.pid).toEqual(expect.any(Number));
		await b.until("it has stopped", async () => (await state(b, "a"))?.pending === "");
		expect(await state(b, "a")).toMatchObject({ status: "not monitored", pid: null });
		expect(await b.calls()).toEqual(["start a", "stop a"]);
		expect(await b.pid("a")).toBe(0);
	});

	test("a stop that fails is told, and the process is left", async () => {
		await using b = await bench("davit", processCheck("a", "").replace("CTL stop a", "CTL stop a never"));
		await running(b, "a");
		await b.monit("stop", "a");
		await b.until("the stop is over", async () => (await state(b, "a"))?.pending === "");
		expect(await state(b, "a")).toMatchObject({ status: "not monitored", message: "failed to stop" });
		expect(alive(await b.pid("a"))).toBe(true);
	});

	test("counts memory of the whole process tree, and the restarts", async () => {
		await using b = await bench("davit", processCheck("a", "big"));
		await running(b, "a");
		await b.until("memory is measured", async () => ((await state(b, "a"))?.totalMemKb ?? 0) > 50_000);
		process.kill(await b.pid("a"), "SIGKILL");
		await b.until("the restart is counted", async () => (await state(b, "a"))?.restarts === 1);
	});

	test("answers as monit 5.2.5 does", async () => {
		await using b = await bench("davit", processCheck("a") + processCheck("m", "", "mode manual"));
		await running(b, "a");
		expect(
			(await b.monit("summary")).replace(/system_\S+' +/, "system_HOST'   "),
		).toBe(`The Monit daemon 5.2.5 uptime: 0m 

Process 'a'                         running
Process 'm'                         not monitored
Program 'beat'                      status ok
System 'system_HOST'   running
`);
		const status = await b.monit("status");
		expect(status).toMatch(
			/^Process 'a'\n {2}status {28}running\n {2}monitoring status {17}monitored\n {2}pid {31}\d+\n/m,
		);
		expect(await b.monit("start", "nope")).toBe("monit: action failed -- There is no service by that name: nope\n");
		expect(await b.monit("start")).toBe("monit: please specify the configured service name or 'all' after start\n");
		expect(await b.monit("dance")).toBe("monit: invalid argument -- dance  (-h will show valid arguments)\n");
	});

	test("two supervisors never share a folder", async () => {
		await using b = await bench("davit", processCheck("a"));
		await running(b, "a");
		const first = b.supervisor();
		b.again();
		await once(b.supervisor(), "exit");
		expect(first.exitCode).toBeNull();
		first.kill("SIGKILL");
	});

	test("a Unix socket, a port and a UDP port that answer do no harm", async () => {
		const rules = `if failed unixsocket FOLDER/s then restart
  if failed port 47123 protocol http and request "/x" with timeout 2 seconds then restart
  if failed host 127.0.0.1 port 47123 type tcp then restart`;
		await using b = await bench("davit", processCheck("a", "", rules));
		const http = `require("http").createServer((q, r) => { r.statusCode = q.url === "/x" ? 200 : 500; r.end() })`;
		const server = spawn(process.execPath, ["-e", `${http}.listen(47123); ${http}.listen("${b.folder}/s")`]);
		await running(b, "a");
		await b.cycles(4);
		const calls = await b.calls();
		server.kill();
		expect(calls.filter((call) => call === "stop a").length).toBeLessThanOrEqual(1);
		await b.until("a restart follows the server's death", async () => (await b.calls()).length > calls.length);
	});
});

const namespaces = await run(
	"unshare",
	root
		? ["--pid", "--fork", "--mount-proc", "true"]
		: ["--user", "--map-root-user", "--pid", "--fork", "--mount-proc", "true"],
).then(
	() => true,
	() => false,
);

/** Runs a script beside the supervisor's folder in namespaces of its own. */
async function inNamespace(b: Bench, flags: readonly string[], script: string): Promise<string> {
	const user = root ? [] : ["--user", "--map-root-user"];
	const { stdout } = await run("unshare", [...user, ...flags, "--kill-child", "bash", "-c", script], {
		env: { ...process.env, DAVIT_SUPERVISOR_ROOT: join(b.folder, "root"), FOLDER: b.folder },
		timeout: 60_000,
	});
	return stdout;
}

describe.runIf(namespaces).concurrent("supervisor: in namespaces", () => {
	test("as the first process it reaps orphans, and refuses to quit", async () => {
		await using b = await bench("davit", processCheck("a", "orphan"));
		await end(b, "SIGKILL");
		// The observer is a child of the supervisor, put there before bash becomes it.
		const observer = `
until monit=$(bash "$DAVIT_SUPERVISOR_ROOT/monit" summary 2>/dev/null) && [[ $monit == *"'a'"*running*beat* ]]; do sleep 0.1; done
for i in 1 2 3 4 5 6 7 8 9 10; do (setsid sleep 0.05 &) ; done
sleep 0.5
for look in {1..100}; do
  zombies=$(grep -l '^State:.Z' /proc/[0-9]*/status 2>/dev/null | wc -l)
  [ "$zombies" != 0 ] || break
  sleep 0.1
done
echo "$zombies"
kill -9 "$(cat "$FOLDER/a.pid")"
until [ "$(wc -l <"$FOLDER/calls")" -ge 2 ]; do sleep 0.1; done
bash "$DAVIT_SUPERVISOR_ROOT/monit" quit 2>&1
cat /proc/1/comm`;
		await writeFile(join(b.folder, "observer"), observer);
		await writeFile(join(b.folder, "calls"), "");
		const out = await inNamespace(
			b,
			["--pid", "--fork", "--mount-proc"],
			`{ bash "$FOLDER/observer" >"$FOLDER/seen" 2>&1; kill -INT 1; } & exec bash "$DAVIT_SUPERVISOR_ROOT/run"`,
		);
		expect(out).toBe("");
		expect(await readFile(join(b.folder, "seen"), "utf8")).toBe(
			"0\nmonit: action failed -- the first process of a machine goes on\nbash\n",
		);
	});

	test("a full disk stops nothing", async () => {
		await using b = await bench("davit", processCheck("a"));
		await end(b, "SIGKILL");
		const script = `
cp -a "$DAVIT_SUPERVISOR_ROOT/." "$FOLDER/keep"
mount -t tmpfs -o size=128k tmpfs "$DAVIT_SUPERVISOR_ROOT" && cp "$FOLDER/keep/"{run,monit,table} "$DAVIT_SUPERVISOR_ROOT/"
bash "$DAVIT_SUPERVISOR_ROOT/run" &
trap 'kill -9 $!' EXIT
until [[ $(bash "$DAVIT_SUPERVISOR_ROOT/monit" summary 2>/dev/null) == *"'a'"*running*beat* ]]; do sleep 0.1; done
dd if=/dev/zero of="$DAVIT_SUPERVISOR_ROOT/fill" bs=1k 2>/dev/null
lines=$(wc -l <"$FOLDER/calls")
kill -9 "$(cat "$FOLDER/a.pid")"
until [ "$(wc -l <"$FOLDER/calls")" -gt "$lines" ]; do sleep 0.1; done
rm "$DAVIT_SUPERVISOR_ROOT/fill"
until [ "$(tail -c 3 "$DAVIT_SUPERVISOR_ROOT/state.json")" = ']}' ] && grep -q '"restarts":1' "$DAVIT_SUPERVISOR_ROOT/state.json"; do sleep 0.1; done
echo told`;
		expect(await inNamespace(b, ["--mount"], script)).toBe("told\n");
	});
});
