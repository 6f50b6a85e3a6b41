import { once } from "node:events";
import { afterAll, beforeAll, expect, test } from "vitest";
import { drainDecision, drainScript } from "../../../src/machine/drain.ts";
import { errandScript, parseErrand } from "../../../src/machine/errand.ts";
import { fenced } from "../../../src/machine/fence.ts";
import { hookScript, parseHookResults } from "../../../src/machine/hook.ts";
import { openVm, type Sandbox } from "./sandbox.ts";

let vm: Sandbox;
beforeAll(async () => {
	vm = await openVm();
	for (const job of ["app", "db", "plain"]) {
		await vm.run(
			`mkdir -p /var/vcap/data/jobs/${job}/1/bin && ln -s /var/vcap/data/jobs/${job}/1 /var/vcap/jobs/${job}`,
		);
	}
});
afterAll(() => vm.close());

/** Makes an executable of a job. */
async function install(path: string, body: string): Promise<void> {
	const made = await vm.run(`cat >/var/vcap/jobs/${path} && chmod 750 /var/vcap/jobs/${path}`, {
		stdin: `#!/bin/bash\n${body}\n`,
	});
	expect(made).toMatchObject({ code: 0, stderr: "" });
}

test("hooks of all jobs run in parallel, with BOSH's environment, and their output is appended to their logs", async () => {
	// Each waits for the other: one after the other they would never end.
	await vm.run("mkfifo /tmp/a /tmp/b");
	await install(
		"app/bin/pre-start",
		'echo "$PATH $WORD $(printenv LC_ALL || echo none) $(nice)"; echo x >/tmp/a; read -r _ </tmp/b; echo oops >&2; exit 3',
	);
	await install("db/bin/pre-start", "read -r _ </tmp/a; echo x >/tmp/b; for n in {1..30}; do echo line $n; done");
	const script = hookScript("pre-start", ["app", "db", "plain"], { WORD: "a 'b'" });
	const ran = await vm.run(fenced(script, 1));
	expect(ran).toMatchObject({ code: 0, stderr: "" });
	const results = parseHookResults(ran.stdout).sort((a, b) => (a.job < b.job ? -1 : 1));
	expect(results).toMatchObject([
		{ job: "app", code: 3, tail: "/usr/sbin:/usr/bin:/sbin:/bin a 'b' none 5\noops\n" },
		{ job: "db", code: 0 },
		{ job: "plain", code: 0, skipped: true },
	]);
	expect(results[1]?.tail.split("\n").filter(Boolean)).toHaveLength(20);
	await install("app/bin/pre-start", "echo second");
	const again = await vm.run(hookScript("pre-start", ["app"]));
	expect(parseHookResults(again.stdout)).toMatchObject([{ job: "app", code: 0, tail: "second\n" }]);
	const logs = await vm.run(
		"cd /var/vcap/sys/log/app; tail -n 1 pre-start.stdout.log; cat pre-start.stderr.log; stat -c %a *",
	);
	expect(logs.stdout).toBe("second\noops\n640\n640\n");
});

test("a hook outlives the lost connection; the next call waits for it and starts no second one", async () => {
	await vm.run("mkfifo /tmp/go /tmp/up");
	await install(
		"app/bin/post-start",
		"echo run >>/tmp/runs; echo up >/tmp/up; read -r word </tmp/go; echo $word; exit 4",
	);
	const first = vm.start(hookScript("post-start", ["app"]));
	await vm.run("read -r _ </tmp/up");
	const ended = once(first, "exit");
	await vm.run("for pid in $(pgrep -f 'run_hook.. .'); do [ $pid = $$ ] || kill -9 $pid; done");
	await ended;
	const second = vm.run(hookScript("post-start", ["app"]));
	await vm.run("echo done >/tmp/go");
	expect(parseHookResults((await second).stdout)).toMatchObject([{ job: "app", code: 4, tail: "done\n" }]);
	expect((await vm.run("cat /tmp/runs")).stdout).toBe("run\n");
});

test("a result that nobody heard is told once; then the hook runs anew", async () => {
	await install("db/bin/post-deploy", "echo run >>/tmp/deploys; echo ok");
	const folder = "/var/vcap/davit/hooks/post-deploy/db";
	await vm.run(hookScript("post-deploy", ["db"]));
	await vm.run(`rm ${folder}/told`);
	expect(parseHookResults((await vm.run(hookScript("post-deploy", ["db"]))).stdout)).toMatchObject([{ tail: "ok\n" }]);
	expect((await vm.run("cat /tmp/deploys")).stdout).toBe("run\n");
	await vm.run(hookScript("post-deploy", ["db"]));
	await vm.run(
		`rm ${folder}/told; ln -sfT /var/vcap/data/jobs/db/2 /var/vcap/jobs/db; cp -r /var/vcap/data/jobs/db/1 /var/vcap/data/jobs/db/2`,
	);
	await vm.run(hookScript("post-deploy", ["db"]));
	expect((await vm.run("cat /tmp/deploys")).stdout).toBe("run\nrun\nrun\n");
});

test("a stop gives up what the start before it left unheard, and a start what the stop did: each round runs whole", async () => {
	const unheard = (hook: string) => vm.run(`rm /var/vcap/davit/hooks/${hook}/db/told`);
	const runs = async () => (await vm.run("cat /tmp/rounds; rm -f /tmp/rounds")).stdout.trim().split("\n");
	for (const hook of ["pre-start", "pre-stop", "drain"])
		await install(`db/bin/${hook}`, `echo ${hook} >>/tmp/rounds; echo 0`);
	const drained = ["job_changed", "hash_changed"];
	await vm.run(hookScript("pre-start", ["db"]));
	await unheard("pre-start");
	await vm.run(hookScript("pre-stop", ["db"]));
	await vm.run(drainScript("db", drained));
	await unheard("pre-stop");
	await unheard("drain");
	expect(await runs()).toEqual(["pre-start", "pre-stop", "drain"]);
	// The same stop goes on after a kill: what ended meanwhile counts.
	await vm.run(hookScript("pre-stop", ["db"]));
	await vm.run(drainScript("db", drained));
	await unheard("pre-stop");
	await unheard("drain");
	await vm.run(hookScript("pre-start", ["db"]));
	await unheard("pre-start");
	await vm.run(hookScript("pre-stop", ["db"]));
	await vm.run(drainScript("db", drained));
	expect(await runs()).toEqual(["pre-start", "pre-stop", "drain"]);
});

test("what a hook leaves in the background doesn't keep it from ending", async () => {
	await install("db/bin/post-stop", "sleep 300 & echo $! >/tmp/background");
	expect(parseHookResults((await vm.run(hookScript("post-stop", ["db"]))).stdout)).toMatchObject([{ code: 0 }]);
	expect((await vm.run("kill $(cat /tmp/background)")).code).toBe(0);
});

test("a new holder's script need not wait for a hook of the old one", async () => {
	await vm.run("mkfifo /tmp/stop /tmp/running");
	await install("app/bin/pre-stop", "echo up >/tmp/running; read -r _ </tmp/stop");
	const old = vm.run(fenced(hookScript("pre-stop", ["app"]), 7));
	await vm.run("read -r _ </tmp/running");
	expect((await vm.run(fenced("echo new", 8))).stdout).toBe("new\n");
	await vm.run("echo x >/tmp/stop");
	expect((await old).code).toBe(0);
});

test.each([
	[
		"echo 1; exit 1",
		1,
		{ kind: "done", waitMs: 1000, warning: "answered 1 but ended with exit code 1; the answer counts" },
	],
	["echo 0", 0, { kind: "done", waitMs: 0 }],
	["echo -2", 0, { kind: "again", waitMs: 2000 }],
	["echo hello", 0, { kind: "failed", why: 'printed "hello" instead of a whole number' }],
	["exit 3", 3, { kind: "failed", why: "printed nothing instead of a whole number and ended with exit code 3" }],
	["echo 7 more", 0, { kind: "failed", why: 'printed "7 more" instead of a whole number' }],
])("drain: %s", async (body, exitCode, decision) => {
	await install("app/bin/drain", body);
	const { stdout, code } = await vm.run(drainScript("app", ["job_shutdown", "hash_unchanged"]));
	expect(code).toBe(exitCode);
	expect(drainDecision(stdout, code ?? -1)).toEqual(decision);
});

test("drain gets its arguments and its environment; a job without one is done", async () => {
	await install("app/bin/drain", 'echo "$* $BOSH_JOB_STATE" >&2; echo 0');
	const env = { BOSH_JOB_STATE: '{"persistent_disk":0}' };
	const ran = await vm.run(drainScript("app", ["job_changed", "hash_unchanged", "pkg-a"], env));
	expect(ran).toMatchObject({
		code: 0,
		stdout: "0\n",
		stderr: 'job_changed hash_unchanged pkg-a {"persistent_disk":0}\n',
	});
	const none = await vm.run(drainScript("plain", ["job_shutdown", "hash_unchanged"]));
	expect(drainDecision(none.stdout, none.code ?? -1)).toEqual({ kind: "done", waitMs: 0 });
});

test("an errand's exit code and output come back, the end of a long one", async () => {
	await install("app/bin/run", "printf 'caf\\303\\251\\n'; echo bad >&2; exit 3");
	const { stdout, code } = await vm.run(errandScript("app"));
	expect(code).toBe(0);
	expect(parseErrand(stdout)).toMatchObject({ exitCode: 3, stdout: "café\n", stderr: "bad\n" });
	await install("app/bin/run", "head -c 3000000 /dev/zero | tr '\\0' x; echo end");
	const long = parseErrand((await vm.run(errandScript("app"))).stdout);
	expect(long.stdout.length).toBe(1024 * 1024);
	expect(long.stdout.endsWith("xend\n")).toBe(true);
	expect(await vm.run(errandScript("plain"))).toMatchObject({
		code: 1,
		stderr: "job plain is no errand: it has no bin/run\n",
	});
});
