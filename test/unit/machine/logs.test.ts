import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type LogSelection, lastLinesScript, logsScript, tailLogsScript } from "../../../src/machine/logs.ts";
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
	expect(ran).toMatchObject({ code: 0, stderr: want.length === 0 ? "no log matches\n" : "" });
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
