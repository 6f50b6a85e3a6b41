import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type LogSelection, lastLinesScript, logsScript, tailLogsScript } from "../../../src/machine/logs.ts";
import { receiveFilesScript, sendFilesScript } from "../../../src/machine/scp.ts";
import { openVm, type Sandbox } from "./sandbox.ts";

let vm: Sandbox;
const names = (tar: Buffer, flags = "-tz") =>
	execFileSync("tar", [flags], { input: tar }).toString().split("\n").slice(0, -1);
beforeAll(async () => {
	vm = await openVm();
	await vm.run(`cd /var/vcap/sys/log; mkdir -p app/deep db 'odd name'
		for n in 1 2 3 4; do echo app $n >>app/app.stdout.log; done; echo deep >app/deep/x.log; echo old >app/app.stdout.log.1.gz
		echo db >db/db.log; echo odd >'odd name/a b.log'; ln -s /etc/shadow db/shadow.txt`);
});
afterAll(() => vm.close());

const selections: [LogSelection, string[]][] = [
	[{}, ["app/app.stdout.log", "app/deep/x.log", "db/db.log", "odd name/a b.log"]],
	[{ jobs: ["app"] }, ["app/app.stdout.log", "app/deep/x.log"]],
	[{ jobs: ["app"], all: true }, ["app/app.stdout.log", "app/app.stdout.log.1.gz", "app/deep/x.log"]],
	[{ only: ["*.stdout.log*"] }, ["app/app.stdout.log", "app/app.stdout.log.1.gz"]],
	[{ jobs: ["none"] }, []],
	[{ only: ["../../../../../../etc/passwd"] }, []],
];
test.each(selections)("packs %j", async (selection, want) => {
	const ran = await vm.run(logsScript(selection));
	expect(ran).toMatchObject({ code: 0, stderr: "" });
	expect(names(ran.bytes)).toEqual(want);
});

test("logs that rotate while they are packed are no failure", async () => {
	const rotating = vm.start(
		"cd /var/vcap/sys/log/db; while :; do echo x >>r.log; mv r.log r.log.1; rm -f r.log.1; echo y >>s.log; : >s.log; done",
	);
	for (let round = 0; round < 20; round += 1) {
		const ran = await vm.run(logsScript({ all: true }));
		expect(ran.code).toBe(0);
		expect(names(ran.bytes)).toContain("app/app.stdout.log");
	}
	const ended = once(rotating, "close");
	await vm.run("pkill -f 'while :; do echo x' || true");
	await ended;
});

test("prints the last lines and follows", async () => {
	expect((await vm.run(tailLogsScript({ jobs: ["app"], only: ["*.log"], num: 2 }))).stdout).toBe(
		"==> app/app.stdout.log <==\napp 3\napp 4\n",
	);
	expect(await vm.run(tailLogsScript({ jobs: ["none"] }))).toMatchObject({ code: 0, stderr: "no log matches\n" });
	const following = vm.start(tailLogsScript({ jobs: ["app"], only: ["*.log"], num: 1, follow: true }));
	let text = "";
	const seen = new Promise<void>((resolve) =>
		following.stdout?.on("data", (chunk) => {
			text += chunk;
			if (text.includes("app 5")) resolve();
		}),
	);
	await once(following.stdout ?? following, "data");
	await vm.run("echo app 5 >>/var/vcap/sys/log/app/app.stdout.log");
	await seen;
	expect(text).toBe("==> app/app.stdout.log <==\napp 4\napp 5\n");
	await vm.run("pkill tail");
});

test("a check's last lines are found by the job whose monit file names it", async () => {
	await vm.run("printf 'check process\\n  worker with pidfile x\\n' >/var/vcap/monit/job/0001_db.monitrc");
	expect((await vm.run(lastLinesScript("worker", 1))).stdout).toContain(
		"==> /var/vcap/data/sys/log/db/db.log <==\ndb\n",
	);
	expect(await vm.run(lastLinesScript("unknown"))).toMatchObject({ code: 0, stdout: "" });
});

test("files are sent under their last names", async () => {
	await vm.run("mkdir -p /tmp/d/e; echo 1 >/tmp/d/e/f; echo 2 >/tmp/g");
	const ran = await vm.run(sendFilesScript(["/tmp/d/", "/tmp/g"]));
	expect(ran).toMatchObject({ code: 0, stderr: "" });
	expect(names(ran.bytes, "-t")).toEqual(["./d/", "./d/e/", "./d/e/f", "./g"]);
	expect(await vm.run(sendFilesScript(["/tmp/none"]))).toMatchObject({
		code: 1,
		stdout: "",
		stderr: "/tmp/none: no such file or folder\n",
	});
});

test("files are received as scp does: into a folder, or under a new name", async () => {
	const { bytes } = await vm.run("mkdir -p /tmp/in/sub; echo new >/tmp/in/sub/x; tar -c -C /tmp/in sub");
	const file = (await vm.run("cd /tmp; echo one >one; tar -c one")).bytes;
	const cases: [Buffer, string, string][] = [
		[bytes, "/tmp/in2/", "/tmp/in2/sub/x"],
		[bytes, "/tmp/in2/renamed", "/tmp/in2/renamed/x"],
		[file, "/tmp/in2", "/tmp/in2/one"],
		[file, "/tmp/in2/two", "/tmp/in2/two"],
	];
	for (const [stdin, target, made] of cases) {
		expect(await vm.run(receiveFilesScript(target), { stdin })).toMatchObject({ code: 0, stderr: "" });
		expect((await vm.run(`cat ${made}`)).stdout).toMatch(/^(new|one)\n$/);
	}
	await vm.run("echo kept >/tmp/in2/sub/y");
	await vm.run(receiveFilesScript("/tmp/in2"), { stdin: bytes });
	expect((await vm.run("ls -A /tmp/in2 /tmp/in2/sub")).stdout).toBe(
		"/tmp/in2:\none\nrenamed\nsub\ntwo\n\n/tmp/in2/sub:\nx\ny\n",
	);
	expect(await vm.run(receiveFilesScript("/none/x"), { stdin: file })).toMatchObject({
		code: 1,
		stderr: "/none/: no such folder\n",
	});
	const cut = await vm.run(receiveFilesScript("/tmp/in2"), { stdin: bytes.subarray(0, 700) });
	expect(cut.code).not.toBe(0);
	const two = (await vm.run("cd /tmp; tar -c one g")).bytes;
	expect(await vm.run(receiveFilesScript("/tmp/three"), { stdin: two })).toMatchObject({
		code: 1,
		stderr: "/tmp/three is no folder: it can take one file, not 2\n",
	});
});
