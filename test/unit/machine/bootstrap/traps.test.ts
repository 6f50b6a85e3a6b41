import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parseFacts } from "../../../../src/machine/bootstrap/facts.ts";
import type { MachineSpec } from "../../../../src/machine/bootstrap/spec.ts";
import { bootstrapScript } from "../../../../src/machine/bootstrap.ts";
import { fenced } from "../../../../src/machine/fence.ts";
import { hostsScript } from "../../../../src/machine/names.ts";
import { script } from "../../../../src/machine/prelude.ts";
import { exampleSpec } from "../machine-spec.ts";
import { openSandbox, type Sandbox } from "../sandbox.ts";

let vm: Sandbox;
beforeEach(async () => {
	vm = await openSandbox();
});
afterEach(() => vm.close());

const { dns: _, ...withoutDns } = exampleSpec;
const bootstrap = (more: Partial<MachineSpec> = {}) => vm.run(bootstrapScript({ ...exampleSpec, ...more }));
const out = async (text: string) => (await vm.run(text)).stdout;

describe("a root that is read-only", () => {
	test("is told before anything else by bootstrap, and by every script under the fence", async () => {
		await vm.run("mount --bind /etc /etc; mount -o remount,ro,bind /etc");
		const { code, stderr } = await bootstrap();
		expect([code, stderr]).toEqual([
			1,
			expect.stringMatching(
				/^\/etc can't be written: \S+ \S+ \/\S* is mounted read-only; look for disk errors in the VM's kernel log, or take another image\n$/,
			),
		]);
		expect(await out("ls /var/vcap 2>&1; grep -c vcap /etc/passwd")).toContain("0\n");
		await vm.run("mount --bind /var /var; mount -o remount,ro,bind /var");
		const late = await vm.run(fenced(script("echo never"), 3));
		expect([late.code, late.stdout, late.stderr]).toEqual([
			1,
			"",
			expect.stringMatching(
				/^\/var\/vcap\/davit can't be written: \S+ \S+ \/\S* is mounted read-only; look for disk errors in the VM's kernel log\n$/,
			),
		]);
	});
});

describe("systemd-resolved's stub", () => {
	const link = `mkdir -p /run/systemd/resolve
echo 'nameserver 127.0.0.53' >/run/systemd/resolve/stub-resolv.conf
echo 'nameserver 10.9.9.9' >/run/systemd/resolve/resolv.conf
ln -sfT ../run/systemd/resolve/stub-resolv.conf /etc/resolv.conf
printf '#!/bin/bash\\necho "$*" >>/tmp/systemctl\\n' >/usr/bin/systemctl; chmod 755 /usr/bin/systemctl`;
	const seen = () =>
		out("readlink /etc/resolv.conf; cat /etc/resolv.conf /etc/systemd/resolved.conf.d/davit.conf /tmp/systemctl");
	const restarted = "try-restart systemd-resolved.service\n";

	test("gives way to a file with the cloud config's servers, once", async () => {
		await vm.run(link);
		for (const _ of [1, 2]) expect(await bootstrap()).toMatchObject({ code: 0, stderr: "" });
		expect(await seen()).toBe(
			`nameserver 10.77.0.2\nnameserver 10.77.0.3\n[Resolve]\nDNS=10.77.0.2 10.77.0.3\nDNSStubListener=no\n${restarted}`,
		);
	});

	test("gives way to the servers that the VM's network told it where the cloud config has none", async () => {
		await vm.run(link);
		for (const _ of [1, 2]) expect(await vm.run(bootstrapScript(withoutDns))).toMatchObject({ code: 0, stderr: "" });
		expect(await seen()).toBe(
			`/run/systemd/resolve/resolv.conf\nnameserver 10.9.9.9\n[Resolve]\nDNSStubListener=no\n${restarted}`,
		);
	});

	test("stays on Noble, where bosh-dns registers itself with it", async () => {
		await vm.run(link);
		await bootstrap({ stemcell: { os: "ubuntu-noble", version: "1.1" } });
		expect(await seen()).toBe(
			`../run/systemd/resolve/stub-resolv.conf\nnameserver 127.0.0.53\n[Resolve]\nDNS=10.77.0.2 10.77.0.3\n${restarted}`,
		);
	});
});

describe("names", () => {
	test("the VM's own name and the deployment's come back where the image writes /etc/hosts anew at every boot", async () => {
		expect(await bootstrap({ hostname: "database-0" })).toMatchObject({ code: 0, stderr: "" });
		await vm.run(hostsScript("10.0.0.2 b.bosh\n"));
		const before = await out("cat /etc/hosts");
		expect(before).toMatch(
			/^127\.0\.0\.1 localhost\n127\.0\.0\.1 database-0\n# davit: .*\n10\.0\.0\.2 b\.bosh\n# davit: end\n$/,
		);
		await vm.run("echo 127.0.0.1 localhost >/etc/hosts; /var/vcap/davit/boot");
		expect(await out("cat /etc/hosts; /var/vcap/davit/boot; cat /etc/hosts")).toBe(before + before);
		await vm.run(hostsScript(""));
		expect(await out("/var/vcap/davit/boot; cat /etc/hosts")).toBe("127.0.0.1 localhost\n127.0.0.1 database-0\n");
	});
});

test("packages that the image lacks are named where no mirror is given", async () => {
	expect(await bootstrap({ packages: { names: ["davit-none", "davit-other"] } })).toMatchObject({
		code: 1,
		stderr: "this image lacks davit-none davit-other, and the cloud config names no mirror to install from\n",
	});
	expect(await bootstrap({ packages: { names: [] } })).toMatchObject({ code: 0, stderr: "" });
});

test("a bootstrap that an earlier one still works on waits for it", async () => {
	const earlier = vm.start(
		"mkdir -p /var/vcap/davit; exec 9>>/var/vcap/davit/bootstrap.lock; flock 9; echo in; read -r _; echo done >/tmp/earlier",
	);
	await new Promise((resolve) => earlier.stdout?.once("data", resolve));
	const next = vm.run(`${bootstrapScript(exampleSpec)}\ncat /tmp/earlier`);
	earlier.stdin?.end("go\n");
	expect(await next).toMatchObject({ code: 0, stdout: expect.stringMatching(/\}\ndone\n$/) });
});

test("a /tmp where nothing may be run is told, and hinders nothing", async () => {
	await vm.run("mount -t tmpfs -o noexec tmpfs /tmp");
	const { code, stdout } = await bootstrap();
	expect([code, parseFacts(stdout).tmpNoexec]).toEqual([0, true]);
});
