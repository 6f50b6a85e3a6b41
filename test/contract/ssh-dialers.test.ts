import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import process from "node:process";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createSsh } from "../../src/ssh/pool.ts";
import type { Dialer, JumpHost, Ssh } from "../../src/ssh/ssh.ts";
import { realClock } from "../support/real-clock.ts";
import { listen, startGateway, targetOf } from "../support/ssh-target.ts";
import { childrenOf, type Sshd, sshdMissing, startSshd } from "../support/sshd.ts";

const missing = sshdMissing();
const { signal } = new AbortController();

function jumpHost(sshd: Sshd, more: Partial<JumpHost> = {}): JumpHost {
	const { privateKey } = sshd.login;
	return { host: "127.0.0.1", port: sshd.port, user: "ops", hostKeys: [sshd.hostKey.publicKey], privateKey, ...more };
}

/** How many logins a server has seen. */
function logins(sshd: Sshd): number {
	return sshd.log().match(/Accepted publickey/g)?.length ?? 0;
}

describe.skipIf(missing !== undefined)(
	`dialers through real sshds with default limits${missing ? ` (${missing})` : ""}`,
	() => {
		let target: Sshd;
		let jump: Sshd;
		let second: Sshd;
		let gateway: { close: () => void };
		let ssh: Ssh;
		beforeAll(async () => {
			[target, jump, second] = await Promise.all([startSshd(), startSshd(), startSshd()]);
			gateway = await startGateway(join(target.folder, "gateway.sock"));
		});
		afterAll(async () => {
			gateway?.close();
			await Promise.all([target, jump, second].map((sshd) => sshd?.close()));
		});
		beforeEach(() => {
			ssh = createSsh({ clock: realClock });
		});
		afterEach(() => ssh.close());

		const dialers: Record<string, () => Dialer> = {
			direct: () => ({ type: "direct" }),
			"one jump host": () => ({ type: "jump", hosts: [jumpHost(jump)] }),
			"two jump hosts": () => ({ type: "jump", hosts: [jumpHost(jump), jumpHost(second)] }),
			"a proxy command": () => ({
				type: "command",
				command: `ssh -F none -i ${jump.folder}/login_key -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -p ${jump.port} -W %h:%p ops@127.0.0.1`,
			}),
			"the gateway": () => ({ type: "gateway", socket: join(target.folder, "gateway.sock") }),
		};

		test.each(Object.entries(dialers))("%s carries commands, with all their bytes", async (_, dialer) => {
			const connection = await ssh.connect(targetOf(target, { dialer: dialer() }), { signal });
			const data = Buffer.alloc(5_000_000, "0123456789\n");
			const result = await connection.run("id -u; wc -c; echo done >&2", { signal, stdin: data });
			expect(result).toEqual({ code: 0, signal: undefined, stdout: "0\n5000000\n", stderr: "done\n" });
			expect(
				await (await connection.stream("head -c 5000000 /dev/zero", { signal })).toArray().then(Buffer.concat),
			).toHaveLength(5_000_000);
		});

		test.each(["direct", "one jump host", "two jump hosts", "a proxy command"])(
			"%s leads to another port, where the client speaks first",
			async (name) => {
				const echo = await listen((socket) => socket.pipe(socket));
				const dialer = dialers[name]?.() ?? { type: "direct" };
				const stream = await ssh.dial({ name: "cell/0", host: "127.0.0.1", dialer }, echo.port, { signal });
				stream.write("hello");
				expect(String((await once(stream, "data"))[0])).toBe("hello");
				stream.destroy();
				echo.close();
			},
		);

		test("a proxy command that leads nowhere fails as the stream does", async () => {
			const dialer: Dialer = { type: "command", command: "sh -c 'echo no way >&2; exit 1'" };
			const stream = await ssh.dial({ name: "cell/0", host: "127.0.0.1", dialer }, 1, { signal });
			await expect(once(stream, "close")).rejects.toThrow(
				"cell/0: the proxy command `sh -c 'echo no way >&2; exit 1'` ended with exit code 1: no way",
			);
		});

		test.each(["direct", "one jump host", "a proxy command", "the gateway"])(
			"30 connections at once by %s succeed, and no handshake is dropped",
			async (name) => {
				const dialer = dialers[name]?.() ?? { type: "direct" };
				// Another accepted user name makes another VM of the same server.
				const several = Array.from({ length: 30 }, (_, index) => createSshTarget(index, dialer));
				const outputs = await Promise.all(
					several.map(
						async (one) => (await (await ssh.connect(one, { signal })).run(`echo ${one.name}`, { signal })).stdout,
					),
				);
				expect(outputs).toEqual(several.map(({ name }) => `${name}\n`));
				// OpenSSH says so when it drops those over its limit.
				expect(`${target.log()}${jump.log()}`).not.toMatch(/drop connection|MaxStartups/);
			},
		);

		/** VMs that differ to the pool: by the name of loopback that they are dialled at. */
		function createSshTarget(index: number, dialer: Dialer) {
			return targetOf(target, {
				name: `cell/${index}`,
				dialer,
				host: `127.0.0.1`,
				privateKey: `${target.login.privateKey}${"\n".repeat(index)}`,
			});
		}

		test("many who ask at once share one connection; a dead one is dialled anew", async () => {
			const before = logins(target);
			const ask = () => ssh.connect(targetOf(target), { signal });
			const [first, ...others] = await Promise.all([ask(), ask(), ask()]);
			expect(others.every((other) => other === first)).toBe(true);
			expect(logins(target) - before).toBe(1);
			first?.close();
			await expect.poll(async () => (await ask()) !== first).toBe(true);
			expect(logins(target) - before).toBe(2);
		});

		test("one who stops waiting doesn't take the connection from the others", async () => {
			const abort = new AbortController();
			const leaving = ssh.connect(targetOf(target), { signal: abort.signal });
			const staying = ssh.connect(targetOf(target), { signal });
			abort.abort(new Error("enough"));
			await expect(leaving).rejects.toThrow("enough");
			expect((await (await staying).run("echo here", { signal })).stdout).toBe("here\n");
		});

		test("a jump host is entered once for all the VMs behind it", async () => {
			const before = logins(jump);
			const dialer = dialers["one jump host"]?.() ?? { type: "direct" };
			await Promise.all([0, 1, 2, 3].map((index) => ssh.connect(createSshTarget(index, dialer), { signal })));
			expect(logins(jump) - before).toBe(1);
		});

		test("when the jump host's connection dies, so do those behind it, and the next connect comes through again", async () => {
			const one = targetOf(target, { dialer: { type: "jump", hosts: [jumpHost(jump)] } });
			const connection = await ssh.connect(one, { signal });
			const running = connection.run("echo up; sleep 5", {
				signal,
				onLine: () => {
					for (const child of jump.children().flatMap((pid) => [...childrenOf(pid), pid]))
						process.kill(child, "SIGKILL");
				},
			});
			await expect(running).rejects.toMatchObject({ stage: "shell", retryable: true });
			expect((await (await ssh.connect(one, { signal })).run("echo again", { signal })).stdout).toBe("again\n");
		});

		test("the host key swap: seed or successor until confirmed, then the kept connection must prove itself anew", async () => {
			const successor = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBbPjKFuHBZ6RZUCOQ1L8ZHn6XLpnaMi4XE2kcLm2vxp";
			const both = [target.hostKey.publicKey, successor];
			const first = await ssh.connect(targetOf(target, { hostKeys: both }), { signal });
			expect(await ssh.connect(targetOf(target), { signal })).toBe(first);
			await expect(ssh.connect(targetOf(target, { hostKeys: [successor] }), { signal })).rejects.toMatchObject({
				stage: "host-key",
			});
		});

		test("after disconnect the next connect dials anew", async () => {
			const first = await ssh.connect(targetOf(target), { signal });
			ssh.disconnect(targetOf(target));
			expect(await ssh.connect(targetOf(target), { signal })).not.toBe(first);
		});

		test("a process whose VM answers nothing any more ends all the same", async () => {
			const program = `import { createSsh } from ${JSON.stringify(join(import.meta.dirname, "../../src/ssh/pool.ts"))};
import { realClock } from ${JSON.stringify(join(import.meta.dirname, "../support/real-clock.ts"))};
const ssh = createSsh({ clock: realClock });
await ssh.connect(JSON.parse(process.env.TARGET), { signal: new AbortController().signal });
console.log("connected");
process.stdin.once("end", () => ssh.close()).resume();`;
			const env = { ...process.env, TARGET: JSON.stringify(targetOf(second)) };
			const child = spawn(process.execPath, ["--input-type=module", "-e", program], { env });
			const exited = once(child, "exit");
			await once(child.stdout, "data");
			const frozen = second.children().flatMap((pid) => [...childrenOf(pid), pid]);
			for (const pid of frozen) process.kill(pid, "SIGSTOP");
			child.stdin.end();
			const tooLong = setTimeout(() => child.kill("SIGKILL"), 30_000);
			expect(await exited).toEqual([0, null]);
			clearTimeout(tooLong);
			for (const pid of frozen) process.kill(pid, "SIGKILL");
		});

		test("a connect that is aborted leaves nothing open on the server", async () => {
			const abort = new AbortController();
			const own = createSsh({
				clock: realClock,
				onStage: (_, stage) => stage === "auth" && abort.abort(new Error("enough")),
			});
			await expect(own.connect(targetOf(second), { signal: abort.signal })).rejects.toThrow("enough");
			await expect.poll(() => second.children()).toEqual([]);
		});
	},
);
