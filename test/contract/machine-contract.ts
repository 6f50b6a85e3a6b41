import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { markAppliedScript } from "../../src/machine/applied.ts";
import { parseFacts } from "../../src/machine/bootstrap/facts.ts";
import type { MachineSpec } from "../../src/machine/bootstrap/spec.ts";
import { bootstrapScript } from "../../src/machine/bootstrap.ts";
import { drainDecision, drainScript } from "../../src/machine/drain.ts";
import { errandScript, parseErrand } from "../../src/machine/errand.ts";
import { FENCED_EXIT, fenced } from "../../src/machine/fence.ts";
import { hookScript, parseHookResults } from "../../src/machine/hook.ts";
import { installJobsScript, jobsArchive } from "../../src/machine/job.ts";
import { parseMonit } from "../../src/machine/monit.ts";
import { hostsScript, recordsScript } from "../../src/machine/names.ts";
import { activatePackagesScript, installPackageScript, packCompiledScript } from "../../src/machine/package.ts";
import { compileScript } from "../../src/machine/package-compile.ts";
import { type ProbeResult, parseProbe, probeScript } from "../../src/machine/probe.ts";
import { controlScript, supervisorFiles, writeTableScript } from "../../src/machine/supervisor/control.ts";
import { supervisorTable } from "../../src/machine/supervisor/table.ts";
import type { RenderedJob } from "../../src/template/render.ts";

export interface MachineRun {
	readonly code: number | null | undefined;
	readonly stdout: string;
	readonly stderr: string;
	/** Standard output unread, for what isn't text. */
	readonly bytes?: Uint8Array;
}

/** A fresh VM whose processes and disk the suite may change as it likes, with PID 1 or systemd keeping the supervisor running. */
export interface Machine {
	/** By bash, as root, as `SshConnection.run` does. */
	run(script: string, stdin?: string | Uint8Array): Promise<MachineRun>;
	/** Ends everything at once and starts the VM again with its disks, as a power cut does. Absent where that can't be had. */
	reboot?(): Promise<void>;
	close(): Promise<void>;
}

const base: MachineSpec = {
	instance: { id: "6d0c9f9e-4a63-4b8b-9f1b-5a4d6b2f0c11", name: "app", az: "z1", deployment: "contract" },
	stemcell: { os: "ubuntu-jammy", version: "1.10" },
	specJson: '{"deployment":"contract"}\n',
	hostname: "app-0",
	swapMib: 32,
	login: { user: "davit-contract", authorizedKeys: ["ssh-ed25519 AAAA contract"] },
	supervisor: supervisorFiles,
};

/** An old-style job: a control script that backgrounds itself and writes a pidfile that vcap owns. */
const ctl = `#!/bin/bash
pidfile=/var/vcap/sys/run/app/app.pid
case $1 in
  start)
    chown -R vcap:vcap /var/vcap/sys/run/app /var/vcap/sys/log/app
    chpst -u vcap:vcap bash -c "/var/vcap/jobs/app/packages/tool/bin/tool >>/var/vcap/sys/log/app/app.log 2>&1 & echo \\$! >$pidfile"
    ;;
  stop) kill "$(<"$pidfile")"; rm -f "$pidfile" ;;
esac
`;
const app: RenderedJob = {
	job: "app",
	release: "contract",
	files: [
		{ path: "bin/ctl", content: ctl },
		{ path: "bin/pre-start", content: "#!/bin/bash\nsed -i s/before/after/ /var/vcap/jobs/other/config/edited\n" },
		{ path: "bin/drain", content: "#!/bin/bash\necho 0\n" },
		{ path: "bin/run", content: "#!/bin/bash\necho ran; exit 5\n" },
		{ path: "config/secret", content: "secret" },
	],
	monit: `check process app
  with pidfile /var/vcap/sys/run/app/app.pid
  start program "/var/vcap/jobs/app/bin/ctl start"
  stop program "/var/vcap/jobs/app/bin/ctl stop"
  group vcap
`,
};
const other: RenderedJob = {
	job: "other",
	release: "contract",
	files: [{ path: "config/edited", content: "before\n" }],
	monit: "",
};
const installed = [
	{ name: "app", digest: "d1", packages: ["tool"] },
	{ name: "other", digest: "d1", packages: [] },
];
const tool = { name: "tool", fingerprint: "f1" };
const packaging = `mkdir -p "$BOSH_INSTALL_TARGET/bin"
printf '#!/bin/bash\\nwhile :; do echo alive; sleep 0.2; done\\n' >"$BOSH_INSTALL_TARGET/bin/tool"
chmod 755 "$BOSH_INSTALL_TARGET/bin/tool"
`;
const expected = {
	files: ["app/bin/ctl", "other/config/edited"],
	jobs: installed,
	packages: [tool],
};

/** An image is built in minutes, and a guest without hardware virtualisation boots in minutes where other tests run beside it. */
const PATIENCE_MS = 1_800_000;

export interface ContractOptions {
	/** Why such a VM can't be had here. */
	readonly missing?: string | undefined;
	/** What this kind of VM's spec has besides. */
	readonly spec?: Partial<MachineSpec>;
	/** More tests of such a VM, after the contract's. */
	readonly more?: (vm: () => Machine, spec: MachineSpec) => void;
}

/** What a job finds on a VM, whatever booted it: the design's section of that name. */
export function machineContract(name: string, open: () => Promise<Machine>, options: ContractOptions = {}): void {
	const spec: MachineSpec = { ...base, ...options.spec };
	const { missing } = options;
	describe.skipIf(missing !== undefined)(
		`machine: ${name}${missing ? ` (${missing})` : ""}`,
		{ timeout: PATIENCE_MS },
		() => {
			let vm: Machine;
			/** KiB of swap that there is: a machine of its own has it, less the first page. */
			let swap = "";
			const swapUsed = "awk '$1 == \"/var/vcap/data/swapfile\" { print $3 }' /proc/swaps";
			const send = (script: string, stdin?: string | Uint8Array) => vm.run(fenced(script, 7), stdin);
			const done = async (script: string, stdin?: string | Uint8Array) => {
				const ran = await send(script, stdin);
				expect(ran, ran.stderr).toMatchObject({ code: 0 });
				return ran;
			};
			const out = async (script: string) => (await done(script)).stdout;
			const probe = async () => parseProbe((await vm.run(probeScript(expected))).stdout);
			/** Looks again until it is as wanted: processes take their time. */
			const until = async (wanted: (seen: ProbeResult) => boolean): Promise<ProbeResult> => {
				for (let look = 0; ; look += 1) {
					const seen = await probe();
					if (wanted(seen) || look === 100) return seen;
					await vm.run("sleep 0.2");
				}
			};
			const pid = (seen: ProbeResult) => seen.processes?.find((process) => process.name === "app")?.pid;
			const runs = (seen: ProbeResult) =>
				seen.processes?.some(({ name, status }) => name === "app" && status === "running") === true;

			beforeAll(async () => {
				vm = await open();
				await done(bootstrapScript(spec));
			}, PATIENCE_MS);
			afterAll(() => vm?.close());

			test("vcap and BOSH's groups are there", async () => {
				const facts = parseFacts((await done(bootstrapScript(spec))).stdout);
				const ids = (
					await out("id -u vcap; id -g vcap; id -u; getent group admin bosh_sshers bosh_sudoers | cut -d: -f1")
				).split("\n");
				expect(ids.slice(3)).toEqual(["admin", "bosh_sshers", "bosh_sudoers", ""]);
				swap = facts.init === "systemd" ? "32764\n" : "";
				expect(await out(swapUsed)).toBe(swap);
				if (facts.ids === "all") expect(ids.slice(0, 3)).toEqual(["1000", "1000", "0"]);
				else expect(ids[0]).toBe(ids[2]);
			});

			test("BOSH's folders have BOSH's owners and modes", async () => {
				const root = "$(id -u root)";
				const vcap = "$(getent group vcap | cut -d: -f3)";
				const wanted = {
					"0755:root": "bosh bosh/bin bosh/etc data instance instance/dns monit store",
					"0755:vcap": "packages data/packages",
					"0750:vcap": "jobs data/jobs data/sys data/sys/log",
					"1777:vcap": "data/sys/run",
				};
				for (const [key, folders] of Object.entries(wanted)) {
					const [mode, group] = key.split(":");
					const owner = group === "root" ? "$(id -g root)" : vcap;
					const wrong = `for f in ${folders}; do [ "$(stat -c %04a:%u:%g $f)" = "${mode}:${root}:${owner}" ] || stat -c '%n %04a:%u:%g' $f; done`;
					expect(await out(`cd /var/vcap; ${wrong}`), key).toBe("");
				}
				expect(await out("readlink /var/vcap/sys")).toBe("/var/vcap/data/sys\n");
				expect(await out("df --output=fstype,size /var/vcap/sys/run | tail -n 1 | tr -s ' '")).toBe("tmpfs 16384\n");
			});

			test("the instance and its stemcell are written where releases read them", async () => {
				const files =
					"instance/id instance/name instance/az instance/deployment bosh/etc/operating_system bosh/etc/stemcell_version";
				expect(await out(`cd /var/vcap; for f in ${files}; do echo "$(<$f)"; done`)).toBe(
					`${spec.instance.id}\napp\nz1\ncontract\nubuntu-jammy\n1.10\n`,
				);
				expect(await out("cat /var/vcap/bosh/spec.json; [ -x /var/vcap/bosh/bin/monit ]")).toBe(spec.specJson);
			});

			test("a package compiles, is packed, and installs from that on a VM that lacks it", async () => {
				const source = "cd $(mktemp -d) && cat >packaging && tar -cz .";
				const archive = await vm.run(`${source} | base64 -w 0`, packaging);
				const compile = compileScript({ ...tool, version: "v1", dependencies: [] });
				await done(compile, Buffer.from(archive.stdout, "base64"));
				const packed = Buffer.from(
					(await vm.run(`set -o pipefail; { ${packCompiledScript(tool)}} | base64 -w 0`)).stdout,
					"base64",
				);
				await done("rm -rf /var/vcap/data/packages/tool");
				await done(installPackageScript(tool), packed);
				await done(activatePackagesScript([tool]));
				expect(await out("stat -c %A /var/vcap/packages/tool/bin/tool")).toBe("-rwxr-xr-x\n");
			});

			test("all jobs are there before any pre-start, which may edit another's files", async () => {
				await done(installJobsScript(installed), await jobsArchive([app, other]));
				const { stdout } = await done(hookScript("pre-start", ["app", "other"]));
				expect(parseHookResults(stdout)).toHaveLength(2);
				expect(await out("cat /var/vcap/jobs/other/config/edited")).toBe("after\n");
				expect(await probe()).toMatchObject({
					missingFiles: [],
					wrongJobs: [],
					wrongPackages: [],
					missingDisks: [],
					bootstrapped: true,
					fence: 7,
				});
			});

			test("vcap reads its jobs' files and writes its folders, through chpst as old releases do", async () => {
				const as = (text: string) => out(`PATH=/usr/sbin:/usr/bin:/sbin:/bin; chpst -u vcap:vcap bash -c '${text}'`);
				expect(await as("cat /var/vcap/jobs/app/config/secret")).toBe("secret");
				expect(
					await as("for f in sys/log sys/run data; do echo x >/var/vcap/$f/app/x && cat /var/vcap/$f/app/x; done"),
				).toBe("x\nx\nx\n");
				expect(await as("id -u")).toBe(await out("id -u vcap"));
			});

			test("its process starts as vcap and is seen to run", async () => {
				const { checks, problems } = parseMonit(app.monit, { release: "contract", job: "app", file: "monit" });
				expect(problems).toEqual([]);
				await done(writeTableScript(supervisorTable(checks, { cycleSeconds: 1 })));
				const health = () => out("cat /var/vcap/instance/health.json");
				expect(await health()).toBe('{"state":"stopped"}');
				await done(controlScript("start", "all"));
				const seen = await until(runs);
				expect(runs(seen), JSON.stringify(seen.processes)).toBe(true);
				expect(await health()).toBe('{"state":"running"}');
				expect(await out(`stat -c %u /proc/${pid(seen)}`)).toBe(await out("id -u vcap"));
				expect(await out("/var/vcap/bosh/bin/monit summary")).toMatch(/app.*running/i);
				expect(await out("head -n 1 /var/vcap/sys/log/app/app.log")).toBe("alive\n");
			});

			test("bootstrap again leaves running processes alone", async () => {
				const before = pid(await probe());
				expect(before).toBeGreaterThan(1);
				await done("echo another >/var/vcap/davit/booted");
				await done(bootstrapScript(spec));
				expect(Number(await out("cat /var/vcap/sys/run/app/app.pid"))).toBe(before);
				expect(pid(await until(runs))).toBe(before);
			});

			test("a process that was killed comes back, without davit", async () => {
				const before = pid(await probe());
				await done(`kill -9 ${before}`);
				const seen = await until((now) => runs(now) && pid(now) !== before);
				expect([runs(seen), pid(seen) !== before]).toEqual([true, true]);
			});

			test("drain and errands answer", async () => {
				const drained = await send(drainScript("app", ["job_shutdown", "hash_unchanged"]));
				expect(drainDecision(drained.stdout, drained.code ?? -1)).toEqual({ kind: "done", waitMs: 0 });
				expect(parseErrand(await out(errandScript("app")))).toMatchObject({ exitCode: 5, stdout: "ran\n" });
			});

			test("names of others resolve, and the VM's own; bosh-dns has its records", async () => {
				await done(hostsScript("10.99.0.9 other.contract.bosh"));
				await done(recordsScript(), '{"records":[]}');
				expect(await out("getent hosts other.contract.bosh | cut -d' ' -f1")).toBe("10.99.0.9\n");
				expect(
					await out(`getent hosts app-0 >/dev/null && stat -c '%a %G' /var/vcap/instance/dns/records.json`),
				).toMatch(/^640 (vcap|root)\n$/);
			});

			test("a deleted file is seen, and the same rendering brings it back", async () => {
				await done("rm /var/vcap/jobs/other/config/edited");
				expect((await probe()).missingFiles).toEqual(["other/config/edited"]);
				await done(installJobsScript(installed), await jobsArchive([app, other]));
				expect((await probe()).missingFiles).toEqual([]);
			});

			test("an older holder is refused", async () => {
				await done(markAppliedScript('{"by":7}'));
				expect(await vm.run(fenced(markAppliedScript('{"by":6}'), 6))).toMatchObject({ code: FENCED_EXIT });
				expect((await probe()).applied).toBe('{"by":7}');
			});

			test("everything comes back after a power cut, without davit", async ({ skip }) => {
				if (!vm.reboot) return skip(`${name} can't be rebooted`);
				const before = await probe();
				const late = { ...other, files: [{ path: "config/edited", content: "written just before the cut\n" }] };
				await done(installJobsScript(installed), await jobsArchive([app, late]));
				await vm.reboot();
				await vm.run("for n in {1..150}; do [ ! -s /var/vcap/sys/run/app/app.pid ] || break; sleep 0.2; done");
				const seen = await until(runs);
				expect(runs(seen), JSON.stringify(seen.processes)).toBe(true);
				expect(seen.bootId).not.toBe(before.bootId);
				expect(seen).toMatchObject({
					missingFiles: [],
					wrongJobs: [],
					wrongPackages: [],
					missingDisks: [],
					bootstrapped: true,
					fence: 7,
				});
				expect(await out("stat -c %a /var/vcap/sys/run/other; ls /var/vcap/sys/run/app")).toMatch(/^770\napp.pid\n/);
				expect(await out("getent hosts other.contract.bosh | cut -d' ' -f1")).toBe("10.99.0.9\n");
				expect(await out("cat /var/vcap/jobs/other/config/edited /var/vcap/instance/dns/records.json")).toBe(
					'written just before the cut\n{"records":[]}',
				);
				expect(await out(swapUsed)).toBe(swap);
			});

			test("stopping stops", async () => {
				const before = pid(await probe());
				await done(controlScript("stop", "all"));
				await until((now) => now.processes?.every((process) => process.pid === undefined) === true);
				expect((await send(`kill -0 ${before}`)).code).not.toBe(0);
			});

			options.more?.(() => vm, spec);
		},
	);
}
