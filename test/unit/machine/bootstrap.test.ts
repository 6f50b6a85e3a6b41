import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseFacts } from "../../../src/machine/bootstrap/facts.ts";
import { bootstrapScript } from "../../../src/machine/bootstrap.ts";
import { onPath } from "../../support/on-path.ts";
import { exampleSpec } from "./machine-spec.ts";
import { idModes, openSandbox, type Sandbox } from "./sandbox.ts";

describe.each(idModes)("one id: $oneId", ({ oneId }) => {
	let vm: Sandbox;
	let first: string;
	const out = async (script: string) => {
		const { code, stdout, stderr } = await vm.run(script);
		return code === 0 ? stdout : `${code}: ${stderr}`;
	};

	beforeAll(async () => {
		vm = await openSandbox({ oneId });
		await vm.run("echo 'ubuntu:x:1000:1000::/home/ubuntu:/bin/bash' >>/etc/passwd; echo 'ubuntu:x:1000:' >>/etc/group");
		await vm.run("mkdir -p /home/ubuntu/.ssh /etc/sudoers.d; chown -R 1000:1000 /home/ubuntu");
		const result = await vm.run(bootstrapScript(exampleSpec));
		expect(result).toMatchObject({ code: 0, stderr: "" });
		first = result.stdout;
	});
	afterAll(() => vm.close());

	test("the last line tells what the machine is", () => {
		const facts = parseFacts(first);
		expect(facts).toMatchObject({ ids: oneId ? "one" : "all", init: "other", reconnect: !oneId });
		expect(facts.os).toMatch(/^\w+ [\d.]+$/);
		expect(facts.memoryMib).toBeGreaterThan(100);
		expect(facts.bootId).toMatch(/^[0-9a-f-]{36}-\d+$/);
	});

	test("a second run changes nothing and says the same", async () => {
		const files = "cd / && find etc var home run -type f ! -name sandbox -printf '%p %m %u %g %i %T@\\n' | sort";
		const before = await out(files);
		const again = await vm.run(bootstrapScript(exampleSpec));
		expect(again).toMatchObject({ code: 0, stderr: "" });
		const { clockMs, ...facts } = parseFacts(again.stdout);
		expect({ ...facts, clockMs: 0 }).toEqual({ ...parseFacts(first), reconnect: false, clockMs: 0 });
		expect(Math.abs(clockMs - Date.now())).toBeLessThan(60_000);
		const booted = (text: string) => text.split("\n").filter((line) => !line.startsWith("var/vcap/davit/booted"));
		expect(booted(await out(files))).toEqual(booted(before));
	});

	test("vcap is 1000:1000 and what had that id has moved", async () => {
		const id = oneId ? "0" : "1000";
		expect(await out("id -u vcap; id -g vcap; id -nG vcap")).toBe(
			`${id}\n${id}\n${oneId ? "root" : "vcap"} admin bosh_sshers\n`,
		);
		expect(await out("for group in vcap bosh_sudoers bosh_sshers; do getent group $group | cut -d: -f4; done")).toBe(
			"davit\ndavit\nvcap,davit\n",
		);
		if (!oneId)
			expect(
				await out("stat -c %U:%G /home/ubuntu/.ssh; awk -F: '$3 == 1000 { print $1 }' /etc/passwd /etc/group"),
			).toBe("ubuntu:ubuntu\nvcap\nvcap\n");
	});

	test("BOSH's tree has BOSH's owners and modes", async () => {
		const folders = "bosh data data/sys data/sys/log data/sys/run data/jobs jobs packages monit/job instance/dns store";
		const owner = (group: string) => (oneId ? "root:root" : `root:${group}`);
		expect((await out(`cd /var/vcap; stat -c '%n %a %U:%G' ${folders}; readlink sys`)).split("\n")).toEqual([
			`bosh 755 ${owner("root")}`,
			`data 755 ${owner("root")}`,
			`data/sys 750 ${owner("vcap")}`,
			`data/sys/log 750 ${owner("vcap")}`,
			`data/sys/run 1777 ${owner("vcap")}`,
			`data/jobs 750 ${owner("vcap")}`,
			`jobs 750 ${owner("vcap")}`,
			`packages 755 ${owner("vcap")}`,
			`monit/job 755 ${owner("root")}`,
			`instance/dns 755 ${owner("root")}`,
			`store 755 ${owner("root")}`,
			"/var/vcap/data/sys",
			"",
		]);
		expect(await out("grep -c ' /var/vcap/data/sys/run .*size=16384k' /proc/self/mountinfo")).toBe("1\n");
	});

	test("the instance, the stemcell and the services are written down", async () => {
		expect(
			await out("cd /var/vcap; tail -n +1 instance/{id,name,az,deployment} bosh/etc/* bosh/spec.json | grep -v '^$'"),
		).toBe(
			[
				"==> instance/id <==\n8f3e0e3c-0001",
				"==> instance/name <==\ndatabase",
				"==> instance/az <==\nz1",
				"==> instance/deployment <==\nmin-4",
				"==> bosh/etc/ntpserver <==\n10.77.0.2",
				"==> bosh/etc/operating_system <==\nubuntu-jammy",
				"==> bosh/etc/stemcell_version <==\n1.10",
				'==> bosh/spec.json <==\n{"deployment":"min-4","index":0}',
				"",
			].join("\n"),
		);
		expect(await out("cat /etc/resolv.conf")).toBe("nameserver 10.77.0.2\nnameserver 10.77.0.3\n");
		expect(await out(". /etc/profile.d/davit-proxy.sh; echo $http_proxy $NO_PROXY")).toBe(
			"http://proxy:3128 10.77.0.0/24,it's\n",
		);
		expect(await out("tail -n 2 /etc/ssl/certs/ca-certificates.crt")).toBe("AAAA\n-----END CERTIFICATE-----\n");
		expect(await out("/var/vcap/bosh/bin/monit summary")).toBe("monit summary\n");
		expect(await out("cat ~davit/.ssh/authorized_keys; stat -c %a ~davit/.ssh/authorized_keys")).toBe(
			"ssh-ed25519 AAAA one\nssh-ed25519 BBBB two\n600\n",
		);
	});

	test("chpst stands in for runit's", async () => {
		const run =
			"cd /tmp; mkdir -p env; echo hello >env/WORD; /var/vcap/bosh/bin/chpst -u vcap:vcap -e env bash -c 'echo $(id -u):$(id -g) $WORD'";
		expect(await out(run)).toBe(oneId ? "0:0 hello\n" : "1000:1000 hello\n");
	});

	test("at the next boot sys/run is empty but for the jobs' folders", async () => {
		await vm.run("ln -s /var/vcap/data/jobs/db/x /var/vcap/jobs/db; echo 1 >/var/vcap/sys/run/stale.pid");
		await vm.run("echo another-boot >/var/vcap/davit/booted; /var/vcap/davit/boot");
		expect(await out("cd /var/vcap/data/sys/run; stat -c '%n %a' *")).toBe("db 770\n");
	});

	test.runIf(onPath("logrotate"))("the image's logrotate takes logs that vcap's group may replace", async () => {
		const folder = "/var/vcap/data/sys/log/big";
		await vm.run(`mkdir ${folder}; chown root:vcap ${folder}; chmod 770 ${folder}; truncate -s 51M ${folder}/big.log`);
		expect(await vm.run("/var/vcap/davit/rotate-logs")).toMatchObject({ code: 0, stderr: "" });
		expect(await out(`cd ${folder}; ls; stat -c %s big.log`)).toBe("big.log\nbig.log.1.gz\n0\n");
	});

	test("logs are rotated by size, seven of them kept, the file itself stays", async () => {
		await vm.run("sed 's/command -v logrotate/false/' /var/vcap/davit/rotate-logs >/tmp/rotate-logs");
		const rotate = "for n in 1 2 3 4 5 6 7 8 9; do echo line $n >>$log; bash /tmp/rotate-logs 1; done";
		const log = "log=/var/vcap/data/sys/log/db/db.log; mkdir -p $(dirname $log); : >$log; inode=$(stat -c %i $log)";
		expect(
			await out(`${log}; ${rotate}; stat -c %s $log; [ $inode = $(stat -c %i $log) ] && zcat $log.1.gz $log.7.gz`),
		).toBe("0\nline 9\nline 3\n");
		expect(await out("ls /var/vcap/data/sys/log/db | wc -l")).toBe("8\n");
	});
});
