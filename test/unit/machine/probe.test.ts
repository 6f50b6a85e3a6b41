import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { markAppliedScript } from "../../../src/machine/applied.ts";
import { fenced } from "../../../src/machine/fence.ts";
import { installJobsScript, jobsArchive } from "../../../src/machine/job.ts";
import { hostsDigest, hostsScript, recordsScript } from "../../../src/machine/names.ts";
import { activatePackagesScript } from "../../../src/machine/package.ts";
import { type ProbeExpectation, parseProbe, probeScript } from "../../../src/machine/probe.ts";
import { idModes, openVm, type Sandbox } from "./sandbox.ts";

const expected: ProbeExpectation = {
	files: ["app/bin/ctl", "app/config/a.yml"],
	jobs: [{ name: "app", digest: "d1" }],
	packages: [{ name: "tool", fingerprint: "f1" }],
	mountPoint: "/var/vcap/store",
};

describe.each(idModes)("one id: $oneId", ({ oneId }) => {
	let vm: Sandbox;
	const probe = async (more: ProbeExpectation = expected) => {
		const ran = await vm.run(probeScript(more));
		expect(ran).toMatchObject({ code: 0, stderr: "" });
		return parseProbe(ran.stdout);
	};
	beforeAll(async () => {
		vm = await openVm({ oneId });
	});
	afterAll(() => vm.close());

	test("a VM on which nothing was done yet says so", async () => {
		expect(await probe()).toMatchObject({
			fence: 0,
			bootstrapped: true,
			applied: "",
			missingFiles: ["app/bin/ctl", "app/config/a.yml"],
			wrongJobs: ["app"],
			wrongPackages: ["tool"],
			missingDisks: [],
			mounted: false,
			hosts: "",
			records: "",
			processes: undefined,
			vitals: undefined,
		});
	});

	test("one that is as it should be shows no drift; edited files are none", async () => {
		const files = [
			{ path: "bin/ctl", content: "" },
			{ path: "config/a.yml", content: "a: 1" },
		];
		await vm.run(fenced(installJobsScript([{ name: "app", digest: "d1", packages: [] }]), 3), {
			stdin: await jobsArchive([{ job: "app", release: "tiny", files, monit: "" }]),
		});
		await vm.run("mkdir -p /var/vcap/data/packages/tool/f1");
		await vm.run(activatePackagesScript([{ name: "tool", fingerprint: "f1" }]));
		await vm.run(markAppliedScript('{"jobs":{"app":"d1"}}'));
		await vm.run(hostsScript("10.0.0.1 a\n10.0.0.2 b"));
		await vm.run(recordsScript(), { stdin: "{}" });
		await vm.run("mount -t tmpfs store /var/vcap/store; echo edited >/var/vcap/jobs/app/config/a.yml");
		const now = Number((await vm.run("date +%s%3N")).stdout);
		const seen = await probe();
		expect(seen).toMatchObject({
			fence: 3,
			applied: '{"jobs":{"app":"d1"}}',
			missingFiles: [],
			wrongJobs: [],
			wrongPackages: [],
			missingDisks: [],
			mounted: true,
			hosts: hostsDigest("10.0.0.1 a\n10.0.0.2 b\n"),
			records: "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
		});
		expect(Math.abs(seen.clockMs - now)).toBeLessThan(5000);
	});

	test("what was taken away by hand is seen", async () => {
		await vm.run(
			"rm /var/vcap/jobs/app/bin/ctl; umount /var/vcap/store; rm /var/vcap/packages/tool; rm /var/vcap/instance/id",
		);
		expect(await probe()).toMatchObject({
			bootstrapped: false,
			missingFiles: ["app/bin/ctl"],
			wrongJobs: [],
			wrongPackages: ["tool"],
			missingDisks: [],
			mounted: false,
		});
	});

	/** Of the VM's first process, as the supervisor notes it. */
	async function startOfFirst(): Promise<number> {
		const { stdout } = await vm.run("cat /proc/1/stat");
		return Number(stdout.split(") ").at(-1)?.split(" ")[19]);
	}

	test("the supervisor's own words come along, and its silence is seen", async () => {
		const check = {
			name: "app",
			type: "process",
			status: "running",
			monitored: true,
			pending: "",
			pid: 1,
			started: await startOfFirst(),
			memKb: 10,
			totalMemKb: 12,
			totalCpu: 5,
			restarts: 2,
			exitStatus: null,
			message: 'said "no"\n',
		};
		await vm.run("cat >/var/vcap/davit/supervisor/state.json", {
			stdin: JSON.stringify({ version: 1, checks: [check, { ...check, name: "db", pid: 99_999 }] }),
		});
		await vm.run("read -r up _ </proc/uptime; echo $(echo $up | tr -d .) >/var/vcap/davit/supervisor/heartbeat");
		expect((await probe()).processes).toMatchObject([
			{ name: "app", status: "running", pid: 1, restarts: 2, message: 'said "no"\n' },
			{ name: "db", status: "does not exist" },
		]);
		await vm.run("echo 1 >/var/vcap/davit/supervisor/heartbeat");
		expect((await probe()).processes).toBe(undefined);
	});

	test("vitals come only when they are asked for", async () => {
		await vm.run("mount -t tmpfs -o size=10m store /var/vcap/store; head -c 5M /dev/zero >/var/vcap/store/half");
		const { vitals } = await probe({ ...expected, vitals: true });
		// Not that of the machine it runs on.
		expect(vitals?.uptimeSeconds).toBeLessThan(600);
		expect(vitals?.disk.persistent?.percent).toBe(50);
		expect(vitals?.disk.system.percent).toBeGreaterThanOrEqual(0);
		expect(vitals?.memory.usedKb).toBeGreaterThan(0);
		expect(vitals?.load).toHaveLength(3);
		for (const part of Object.values(vitals?.cpu ?? {})) expect(part).toBeLessThanOrEqual(100);
	});
});
