import { afterAll, beforeAll, expect, test } from "vitest";
import { markAppliedScript } from "../../../src/machine/applied.ts";
import { swapHostKeyScript } from "../../../src/machine/host-key.ts";
import { hostsScript, recordsScript } from "../../../src/machine/names.ts";
import { openVm, type Sandbox } from "./sandbox.ts";

let vm: Sandbox;
const out = async (script: string) => (await vm.run(script)).stdout;
beforeAll(async () => {
	vm = await openVm();
});
afterAll(() => vm.close());

test("the block of names is replaced, other lines stay, nothing is written twice", async () => {
	await vm.run(hostsScript("10.0.0.1 a.bosh"));
	await vm.run("printf '10.9.9.9 mine' >>/etc/hosts");
	expect(await vm.run(hostsScript("10.0.0.1 a.bosh\n10.0.0.2 b.bosh\n"))).toMatchObject({ code: 0, stderr: "" });
	const want =
		"127.0.0.1 localhost\n10.9.9.9 mine\n# davit: names of this deployment, written anew by every deploy\n10.0.0.1 a.bosh\n10.0.0.2 b.bosh\n# davit: end\n";
	expect(await out("cat /etc/hosts")).toBe(want);
	const inode = await out("stat -c %i /etc/hosts");
	await vm.run(hostsScript("10.0.0.1 a.bosh\n10.0.0.2 b.bosh"));
	expect(await out("cat /etc/hosts; stat -c %i /etc/hosts")).toBe(want + inode);
	await vm.run(hostsScript(""));
	expect(await out("cat /etc/hosts")).toBe("127.0.0.1 localhost\n10.9.9.9 mine\n");
});

test("a mounted /etc/hosts is written in place", async () => {
	await vm.run("echo 127.0.0.1 localhost >/tmp/hosts; mount --bind /tmp/hosts /etc/hosts");
	expect(await vm.run(hostsScript("10.0.0.1 a"))).toMatchObject({ code: 0, stderr: "" });
	expect(await out("grep -c a$ /tmp/hosts; ls /etc/hosts*")).toBe("1\n/etc/hosts\n");
});

test("records.json is written only when it differs", async () => {
	await vm.run(recordsScript(), { stdin: '{"records":[]}' });
	const stat = "cat /var/vcap/instance/dns/records.json; stat -c '%i %a' /var/vcap/instance/dns/records.json";
	const first = await out(stat);
	expect(first).toMatch(/^\{"records":\[\]\}\d+ 640\n$/);
	await vm.run(recordsScript(), { stdin: '{"records":[]}' });
	expect(await out(stat)).toBe(first);
	expect(await vm.run(recordsScript())).toMatchObject({ code: 1, stderr: "no DNS records came\n" });
});

test("the applied state is for root only", async () => {
	await vm.run(markAppliedScript('{"it\'s":1}'));
	expect(await out("cat /var/vcap/davit/applied.json; stat -c ' %a' /var/vcap/davit/applied.json")).toBe(
		'{"it\'s":1} 600\n',
	);
});

test("the host key is replaced and the server told", async () => {
	const pair = {
		privateKey: "-----BEGIN OPENSSH PRIVATE KEY-----\nAA+/=\nBB\n-----END OPENSSH PRIVATE KEY-----\n",
		publicKey: "ssh-ed25519 AAAA davit",
	};
	const server =
		"trap 'echo reloaded; exit' HUP; echo $$ >/run/sshd.pid; echo up; while :; do read -t 1 -r _ || true; done";
	const sshd = vm.start(server);
	await new Promise((resolve) => sshd.stdout?.once("data", resolve));
	const reloaded = new Promise((resolve) => sshd.stdout?.once("data", (text) => resolve(String(text))));
	expect(await vm.run(swapHostKeyScript(), { stdin: JSON.stringify(pair) })).toMatchObject({ code: 0, stderr: "" });
	expect(await reloaded).toBe("reloaded\n");
	expect(await out("cd /etc/ssh; cat ssh_host_ed25519_key ssh_host_ed25519_key.pub; stat -c %a ssh_host*")).toBe(
		`${pair.privateKey}${pair.publicKey}\n600\n644\n`,
	);
	expect(await vm.run(swapHostKeyScript(), { stdin: "{}" })).toMatchObject({
		code: 1,
		stderr: "no private key came\n",
	});
});
