import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fenced } from "../../../src/machine/fence.ts";
import { installJobsScript, jobsArchive } from "../../../src/machine/job.ts";
import type { RenderedJob } from "../../../src/template/render.ts";
import { idModes, openVm, type Sandbox } from "./sandbox.ts";

const app: RenderedJob = {
	job: "app",
	release: "tiny",
	files: [
		{ path: "bin/ctl", content: "#!/bin/bash\necho ctl\n" },
		{ path: "config/deep/app.yml", content: "word: '한국어'\n" },
	],
	monit: "check process app with pidfile /var/vcap/sys/run/app/app.pid\n",
};
const db: RenderedJob = { job: "db", release: "tiny", files: [{ path: "bin/pre-start", content: "" }], monit: "" };

test("the archive is the same for the same jobs, in any order", async () => {
	const shuffled = { ...app, files: [...app.files].reverse() };
	expect(await jobsArchive([db, shuffled])).toEqual(await jobsArchive([app, db]));
});

test.each(["../x", "/etc/passwd", "a/../../b", "a//b", ""])("a template destination %j is refused", async (path) => {
	await expect(jobsArchive([{ ...app, files: [{ path, content: "" }] }])).rejects.toThrow("leaves the job's folder");
});

describe.each(idModes)("one id: $oneId", ({ oneId }) => {
	let vm: Sandbox;
	const out = async (script: string) => (await vm.run(script)).stdout;
	const install = async (jobs: Parameters<typeof installJobsScript>[0], rendered: RenderedJob[]) =>
		vm.run(fenced(installJobsScript(jobs), 1), { stdin: await jobsArchive(rendered) });
	beforeAll(async () => {
		vm = await openVm({ oneId });
	});
	afterAll(() => vm.close());

	test("all jobs stand at BOSH's paths with BOSH's modes", async () => {
		const ran = await install(
			[
				{ name: "app", digest: "d1", packages: ["tool", "lib"] },
				{ name: "db", digest: "e1", packages: [] },
			],
			[app, db],
		);
		expect(ran).toMatchObject({ code: 0, stdout: "", stderr: "" });
		const owner = oneId ? "root:root" : "root:vcap";
		expect(await out("cd /var/vcap/jobs/app/; find . -printf '%p %m %u:%g %l\\n' | sort")).toBe(
			[
				`. 750 ${owner} `,
				`./bin 750 ${owner} `,
				`./bin/ctl 750 ${owner} `,
				`./config 750 ${owner} `,
				`./config/deep 750 ${owner} `,
				`./config/deep/app.yml 640 ${owner} `,
				`./monit 640 ${owner} `,
				`./packages 750 ${owner} `,
				"./packages/lib 777 root:root /var/vcap/packages/lib",
				"./packages/tool 777 root:root /var/vcap/packages/tool",
				"",
			].join("\n"),
		);
		expect(
			await out(
				"cd /var/vcap; cat jobs/app/config/deep/app.yml; readlink jobs/app; stat -c '%a %U:%G' data/{.,sys/log,sys/run}/app",
			),
		).toBe(`word: '한국어'\n/var/vcap/data/jobs/app/d1\n770 ${owner}\n770 ${owner}\n770 ${owner}\n`);
		expect(await out("cd /var/vcap/monit/job; ls; cat 0001_app.monitrc")).toBe(
			`0000_db.monitrc\n0001_app.monitrc\n${app.monit}`,
		);
	});

	test("the same again brings a deleted file back and keeps what the job wrote elsewhere", async () => {
		await vm.run(
			"rm /var/vcap/jobs/app/config/deep/app.yml; echo data >/var/vcap/data/app/kept; chmod 700 /var/vcap/data/app",
		);
		await install(
			[
				{ name: "app", digest: "d1", packages: ["tool"] },
				{ name: "db", digest: "e1", packages: [] },
			],
			[app],
		);
		expect(
			await out(
				"cd /var/vcap; ls jobs/app/config/deep jobs/app/packages jobs/db/bin; cat data/app/kept; stat -c %a data/app",
			),
		).toBe("jobs/app/config/deep:\napp.yml\n\njobs/app/packages:\ntool\n\njobs/db/bin:\npre-start\ndata\n700\n");
	});

	test("a new rendering replaces the old, a job that isn't wanted goes, its logs stay", async () => {
		expect(await install([{ name: "app", digest: "d2", packages: [] }], [app])).toMatchObject({ code: 0, stderr: "" });
		expect(
			await out("cd /var/vcap; ls jobs monit/job data/jobs data/jobs/app; ls -d sys/log/db; ls -A data/jobs | wc -l"),
		).toBe("data/jobs:\napp\n\ndata/jobs/app:\nd2\n\njobs:\napp\n\nmonit/job:\n0000_app.monitrc\nsys/log/db\n1\n");
	});

	test("extra monit files stand beside the others as BOSH's agent names them, and go with the next rendering", async () => {
		const jobs = (digest: string) => [{ name: "app", digest, packages: [] }];
		const sub = { file: "sidecar.monit", content: "check file sidecar with path /tmp/x\n" };
		await install(jobs("m1"), [{ ...app, extraMonit: [sub] }]);
		const shown = "cd /var/vcap/monit/job; ls; cat 0000_app_sidecar.monitrc ../../jobs/app/sidecar.monit";
		expect(await out(shown)).toBe(`0000_app.monitrc\n0000_app_sidecar.monitrc\n${sub.content}${sub.content}`);
		await install(jobs("d2"), [app]);
		expect(await out("ls /var/vcap/monit/job")).toBe("0000_app.monitrc\n");
	});

	test("a job whose files are nowhere is an error that names it; nothing half is left by a broken archive", async () => {
		expect(await install([{ name: "db", digest: "e9", packages: [] }], [])).toMatchObject({
			code: 1,
			stderr: "job db: its files are neither in the archive nor on this VM\n",
		});
		const archive = await jobsArchive([app]);
		const cut = await vm.run(installJobsScript([{ name: "app", digest: "d3", packages: [] }]), {
			stdin: archive.subarray(0, archive.length - 9),
		});
		expect(cut.code).not.toBe(0);
		expect(await out("readlink /var/vcap/jobs/app; ls -A /var/vcap/data/jobs/app")).toBe(
			"/var/vcap/data/jobs/app/d2\nd2\n",
		);
	});
});
