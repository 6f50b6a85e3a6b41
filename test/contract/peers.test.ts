import { type ChildProcess, execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { installPackageScript, missingPackagesScript } from "../../src/machine/package.ts";
import {
	endServingScript,
	fetchFromPeerScript,
	NO_ROUTE_EXIT,
	NO_SSH_EXIT,
	PEER_KEY,
	servePackageScript,
} from "../../src/machine/peer.ts";
import { PEER_ARCHIVES, type PeerArchive } from "../../src/machine/peer-archive.ts";
import { generateKeyPair } from "../../src/ssh/keys.ts";
import { freePort, sshdMissing } from "../support/sshd.ts";
import { openVm, type Sandbox } from "../unit/machine/sandbox.ts";

const missing = sshdMissing();
const KEYS = "/home/davit/.ssh/authorized_keys";
const key = generateKeyPair(PEER_KEY);
const login = { user: "davit", publicKey: key.publicKey };

/** A package whose archive is what any VM makes of it. */
function made(): { readonly bytes: Buffer; readonly archive: PeerArchive } {
	const folder = mkdtempSync(join(tmpdir(), "davit-peers-"));
	writeFileSync(join(folder, "words"), "hello\n".repeat(10_000));
	const pack = 'tar --create --sort=name --owner=0 --group=0 --numeric-owner --directory "$0" . | gzip -n -1';
	execFileSync("chmod", ["755", folder]);
	const bytes = execFileSync("sh", ["-c", pack, folder]);
	rmSync(folder, { recursive: true });
	return { bytes, archive: { sha256: createHash("sha256").update(bytes).digest("hex"), bytes: bytes.length } };
}

describe.skipIf(missing !== undefined)("a VM with OpenSSH's server as a peer", () => {
	let peer: Sandbox;
	let vm: Sandbox;
	let server: ChildProcess;
	let port: number;
	let hostKeys: readonly string[];
	const { bytes, archive } = made();
	const tool = { name: "tool", fingerprint: "f1" };
	const address = () => ({ host: "127.0.0.1", port, user: "davit", hostKeys });
	const serve = () => peer.run(servePackageScript(tool, archive, login));
	const fetch = (more: Partial<ReturnType<typeof address>> = {}, silenceS = 20) =>
		vm.run(fetchFromPeerScript(tool, archive, { ...address(), ...more }, silenceS), { stdin: key.privateKey });
	const kept = `${PEER_ARCHIVES}/${archive.sha256}`;
	const stdoutOf = async (machine: Sandbox, script: string) => (await machine.run(script)).stdout;
	/** What a failed fetch has left on the VM. */
	const leftOnVm = () =>
		stdoutOf(
			vm,
			"cd /var/vcap/data; find packages davit-peer -mindepth 2 2>/dev/null; ls -d /dev/shm/davit-peer-* 2>/dev/null",
		);

	beforeAll(async () => {
		[peer, vm] = await Promise.all([openVm(), openVm()]);
		port = await freePort();
		const config = [
			...["AllowGroups bosh_sshers", "UsePAM no", `Port ${port}`, "ListenAddress 127.0.0.1"],
			...["HostKey /etc/ssh/peer_host_key", "PidFile none", "Subsystem sftp internal-sftp"],
		];
		const { code, stderr } = await peer.run(`set -e
echo 'sshd:x:105:65534::/run/sshd:/usr/sbin/nologin' >>/etc/passwd
mkdir -p /run/sshd
ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/peer_host_key
printf '%s\\n' ${config.map((line) => `'${line}'`).join(" ")} >/etc/ssh/peer_config`);
		expect(code, stderr).toBe(0);
		hostKeys = [(await stdoutOf(peer, "cat /etc/ssh/peer_host_key.pub")).trim()];
		server = peer.start("exec /usr/sbin/sshd -D -e -f /etc/ssh/peer_config");
		for await (const chunk of server.stderr as Readable) if (String(chunk).includes("listening on")) break;
	}, 120_000);
	afterAll(async () => {
		server?.kill();
		await Promise.all([peer?.close(), vm?.close()]);
	});
	beforeEach(async () => {
		await peer.run(endServingScript("davit"));
		await peer.run("rm -rf /var/vcap/data/packages/*");
		await vm.run(`rm -rf /var/vcap/data/packages/* ${PEER_ARCHIVES}`);
		expect(await peer.run(installPackageScript(tool, archive), { stdin: bytes })).toMatchObject({
			code: 0,
			stderr: "",
		});
	});

	test("a package comes whole, and is kept for the next one", async () => {
		expect(await serve()).toMatchObject({ code: 0, stdout: "", stderr: "" });
		expect(await fetch()).toMatchObject({ code: 0, stdout: "", stderr: "" });
		expect((await vm.run(missingPackagesScript([tool]))).stdout).toBe("");
		expect(await stdoutOf(vm, `sha256sum <${kept}; stat -c '%a %U' ${kept}`)).toBe(`${archive.sha256}  -\n644 root\n`);
		expect(await leftOnVm()).not.toContain("shm");
		expect((await vm.run(fetchFromPeerScript(tool, archive, address()))).code).toBe(0);
	});

	test("an archive that was not kept is made again; it must be the same one", async () => {
		await peer.run(`rm -r ${PEER_ARCHIVES}`);
		expect(await serve()).toMatchObject({ code: 0, stderr: "" });
		expect((await fetch()).code).toBe(0);
		await peer.run(`rm -r ${PEER_ARCHIVES}; echo more >>/var/vcap/data/packages/tool/f1/words`);
		expect(await serve()).toMatchObject({ code: 1, stderr: "what is installed makes another archive\n" });
		await peer.run("rm -r /var/vcap/data/packages/tool");
		expect(await serve()).toMatchObject({ code: 1, stderr: "it isn't on this VM\n" });
		expect(await stdoutOf(peer, "ls -A /var/vcap/data | grep peer-")).toBe("");
	});

	test.each([
		...[
			"/etc/passwd",
			"../../../../etc/passwd",
			"..",
			".",
			"",
			"*",
			"?".repeat(64),
			"a/../b",
			"$(id)",
			"`id`",
			"a; id",
		],
		...["a\nid", "a|id", "$SSH_CONNECTION", "~", "-", "{a,b}", "A", `${archive.sha256} /etc/passwd`, "é"],
	])("the key opens nothing by %j", async (asked) => {
		await serve();
		expect(await entered([asked])).toMatchObject({ stdout: "", code: 1 });
	});

	/** What the key gives to one who asks for something else. */
	const entered = async (words: readonly string[], options: readonly string[] = []) => {
		writeFileSync(join(vm.folder, "root/key"), key.privateKey, { mode: 0o600 });
		const base = [
			"-F",
			"none",
			"-o",
			"StrictHostKeyChecking=no",
			"-o",
			"UserKnownHostsFile=/dev/null",
			"-o",
			"LogLevel=ERROR",
		];
		const argv = ["ssh", ...base, "-i", "/root/key", "-p", String(port), ...options, "davit@127.0.0.1", ...words];
		return vm.run(argv.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" "));
	};

	test("the key gives no terminal, no forwarding and no files", async () => {
		await serve();
		expect(await entered([archive.sha256])).toMatchObject({ code: 0, bytes });
		const terminal = await entered([], ["-tt"]);
		expect([terminal.code, terminal.stdout]).toEqual([255, ""]);
		expect(terminal.stderr).toContain("PTY allocation request failed");
		expect(await entered(["sftp"], ["-s"])).toMatchObject({ code: 1, stdout: "" });
		expect((await entered([], ["-W", `127.0.0.1:${port}`])).code).not.toBe(0);
		expect((await entered(["0"], ["-o", "ExitOnForwardFailure=yes", "-R", "0:127.0.0.1:1"])).code).toBe(255);
	});

	test("an hour later the key opens nothing, and the next one is the only one", async () => {
		await serve();
		const expiry = /expiry-time="(\d{8})(\d{2})(\d{2})(\d{2})"/.exec(await stdoutOf(peer, `cat ${KEYS}`));
		const [, day = "", hour, minute, second] = expiry ?? [];
		const until = new Date(`${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}T${hour}:${minute}:${second}`);
		expect(Math.abs(until.getTime() - Date.now() - 3_600_000)).toBeLessThan(60_000);
		await peer.run(`sed -i 's/expiry-time="[0-9]*"/expiry-time="20260101000000"/' ${KEYS}`);
		expect(await fetch()).toMatchObject({ code: 1, stderr: expect.stringContaining("Permission denied") });
		expect(await leftOnVm()).toBe("");
		await serve();
		expect((await stdoutOf(peer, `grep -c ${PEER_KEY} ${KEYS}`)).trim()).toBe("1");
		expect((await fetch()).code).toBe(0);
	});

	test("when it ends, the login's own keys are left, and nothing else", async () => {
		const before = await stdoutOf(peer, `cat ${KEYS}; stat -c '%a %u' ${KEYS}`);
		await serve();
		expect(await stdoutOf(peer, `grep -v ${PEER_KEY} ${KEYS}; stat -c '%a %u' ${KEYS}`)).toBe(before);
		expect(await peer.run(endServingScript("davit"))).toMatchObject({ code: 0, stderr: "" });
		expect(await stdoutOf(peer, `cat ${KEYS}; stat -c '%a %u' ${KEYS}; ls -A /var/vcap/data | grep peer`)).toBe(before);
		expect(await peer.run(endServingScript("nobody-here"))).toMatchObject({ code: 0, stderr: "" });
		expect((await fetch()).stderr).toContain("Permission denied");
	});

	test.each<[string, string]>([
		["other bytes", `echo other >${kept}`],
		["half of them", `truncate -s 100 ${kept}`],
	])("%s are not installed", async (_, spoil) => {
		await serve();
		await peer.run(spoil);
		expect(await fetch()).toMatchObject({ code: 1, stderr: `what came has another digest than ${archive.sha256}\n` });
		expect(await leftOnVm()).toBe("");
	});

	test("nothing is written that is longer than the package", async () => {
		await serve();
		await peer.run(`truncate -s 5G ${kept}`);
		expect((await fetch()).code).toBe(1);
		expect(await leftOnVm()).toBe("");
	});

	test("a stream that stands still is given up", async () => {
		await serve();
		await peer.run(`rm ${kept}; mkfifo ${kept}; chmod 644 ${kept}`);
		expect(await fetch({}, 1)).toMatchObject({ code: 1, stderr: "no byte came for 1 s\n" });
		expect(await leftOnVm()).toBe("");
	});

	test("another host key, or nobody there, is told from each other", async () => {
		await serve();
		const stranger = await fetch({ hostKeys: [generateKeyPair("x").publicKey] });
		expect(stranger).toMatchObject({ code: 1, stderr: expect.stringContaining("Host key verification failed") });
		expect(await fetch({ port: await freePort() })).toMatchObject({
			code: NO_ROUTE_EXIT,
			stderr: expect.stringContaining("Connection refused"),
		});
		expect(await leftOnVm()).toBe("");
	});

	test("a VM without ssh says so", async () => {
		await serve();
		await vm.run("mv /usr/bin/ssh /usr/bin/ssh.away");
		expect(await fetch()).toMatchObject({ code: NO_SSH_EXIT, stderr: "there is no ssh on this VM\n" });
		await vm.run("mv /usr/bin/ssh.away /usr/bin/ssh");
		expect(await leftOnVm()).toBe("");
	});
});
