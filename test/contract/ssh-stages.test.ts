import { rm } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SshError } from "../../src/ssh/errors.ts";
import { waitForFirstContact } from "../../src/ssh/first-contact.ts";
import { fingerprint, generateKeyPair } from "../../src/ssh/keys.ts";
import { createSsh, type SshOptions } from "../../src/ssh/pool.ts";
import type { Dialer, JumpHost, SshTarget } from "../../src/ssh/ssh.ts";
import { realClock } from "../support/real-clock.ts";
import { listen, startGateway, targetOf } from "../support/ssh-target.ts";
import { freePort, type Sshd, sshdMissing, startSshd } from "../support/sshd.ts";

const missing = sshdMissing();
const { signal } = new AbortController();

/** What the user sees when a target can't be reached: stage, whether trying again may help, message and hint; ports are named. */
async function failure(target: SshTarget, options: Partial<SshOptions> = {}): Promise<string> {
	const ssh = createSsh({ clock: realClock, ...options });
	try {
		await ssh.connect(target, { signal });
		return "connected";
	} catch (error) {
		if (!(error instanceof SshError)) throw error;
		const again = error.retryable ? "try again" : "final";
		return `${error.stage}, ${again}\n${error.message}\n${error.hint}`.replaceAll(
			/(127\.0\.0\.1|localhost):\d+/g,
			"$1:PORT",
		);
	} finally {
		ssh.close();
	}
}

const stranger = generateKeyPair("stranger");

describe.skipIf(missing !== undefined)(`a VM that can't be reached${missing ? ` (${missing})` : ""}`, () => {
	let sshd: Sshd;
	const more: Sshd[] = [];
	const start = async (...options: Parameters<typeof startSshd>) => {
		const server = await startSshd(...options);
		more.push(server);
		return server;
	};
	const jumpThrough = (through: Sshd, change: Partial<JumpHost> = {}): Dialer => {
		const { hostKey, login, port } = through;
		const host = { host: "127.0.0.1", port, user: "ops", hostKeys: [hostKey.publicKey], privateKey: login.privateKey };
		return { type: "jump", hosts: [{ ...host, ...change }] };
	};
	beforeAll(async () => {
		sshd = await start();
	});
	afterAll(async () => {
		await Promise.all(more.map((server) => server.close()));
	});

	test("resolve: the name is unknown", async () => {
		expect(await failure(targetOf(sshd, { host: "vm.invalid" }))).toMatch(
			/^resolve, (final|try again)\ndatabase\/0: no address is known for vm.invalid \((ENOTFOUND|EAI_AGAIN)\)\ncheck the name's spelling and this machine's DNS, or give an IP address$/,
		);
	});

	test("dial: refused", async () => {
		expect(await failure(targetOf(sshd, { port: await freePort() }))).toBe(`dial, try again
database/0: 127.0.0.1:PORT refuses the connection
check that this machine may reach that address; for a VM in a private network set a dialer (a jump host or a proxy command) under \`ssh:\` in the cloud file`);
	});

	test("gateway: the jump host may not connect on", async () => {
		const strict = await start({ config: ["AllowTcpForwarding no"] });
		expect(await failure(targetOf(sshd, { dialer: jumpThrough(strict) }))).toBe(`gateway, final
database/0: jump host 127.0.0.1:PORT forbids connections to 127.0.0.1:PORT: open failed
allow it in the jump host's sshd_config (AllowTcpForwarding, PermitOpen) or in the key's options there`);
	});

	test("gateway: nothing listens behind the jump host", async () => {
		const closed = targetOf(sshd, { port: await freePort(), dialer: jumpThrough(sshd) });
		expect(await failure(closed)).toBe(`gateway, try again
database/0: jump host 127.0.0.1:PORT could not reach 127.0.0.1:PORT: Connection refused
check that the jump host may reach that address, and that the VM runs (\`davit vms\`)`);
	});

	test("gateway: the jump host refuses the login", async () => {
		const dialer = jumpThrough(sshd, { privateKey: stranger.privateKey });
		expect(await failure(targetOf(sshd, { dialer }))).toBe(`gateway, final
database/0: jump host (127.0.0.1:PORT): the server refuses user ops with the key that davit has for it
check that ops exists there and has the public key in ~/.ssh/authorized_keys, and what the server's log says`);
	});

	test("gateway: the jump host shows another host key", async () => {
		const dialer = jumpThrough(sshd, { hostKeys: [stranger.publicKey] });
		expect(await failure(targetOf(sshd, { dialer }))).toBe(`gateway, final
database/0: jump host (127.0.0.1:PORT): its host key is not the known one: it shows ${fingerprint(sshd.hostKey.publicKey)}, known is ${fingerprint(stranger.publicKey)}
someone may be posing as the jump host; nothing was sent. If its key was replaced, put the new one under \`ssh:\` in the cloud file`);
	});

	test("gateway: neither a key nor an agent for the jump host", async () => {
		const { privateKey: _, ...host } = (jumpThrough(sshd) as Extract<Dialer, { type: "jump" }>).hosts[0] as JumpHost;
		expect(await failure(targetOf(sshd, { dialer: { type: "jump", hosts: [host] } }))).toBe(`gateway, final
database/0: jump host (127.0.0.1:PORT): there is neither a private key for it nor an SSH agent
give \`private_key\` (OpenSSH or PEM text, without passphrase), or start ssh-agent and set SSH_AUTH_SOCK`);
	});

	test("gateway: the proxy command fails, with its last words", async () => {
		const dialer: Dialer = { type: "command", command: "sh -c 'echo dialling >&2; echo no token for %h >&2; exit 3'" };
		expect(await failure(targetOf(sshd, { dialer }))).toBe(`gateway, try again
database/0: the proxy command \`sh -c 'echo dialling >&2; echo no token for %h >&2; exit 3'\` ended with exit code 3: no token for 127.0.0.1
run that command by hand: it must carry the bytes of an SSH server on its standard input and output`);
	});

	test("gateway: the proxy command stays silent", async () => {
		const dialer: Dialer = { type: "command", command: "sleep 6789" };
		expect(await failure(targetOf(sshd, { dialer }), { deadlines: { dial: 300 } })).toBe(`gateway, try again
database/0: the proxy command \`sleep 6789\` brought no byte within 0.3 s
run that command by hand: it must carry the bytes of an SSH server on its standard input and output`);
	});

	test("gateway: a host name that the proxy command's shell could take for more", async () => {
		const dialer: Dialer = { type: "command", command: "nc %h %p" };
		expect(await failure(targetOf(sshd, { host: "x;reboot", dialer }))).toContain(
			'can\'t be run with the host name "x;reboot"',
		);
	});

	test("gateway: the embedded gateway can't reach the VM", async () => {
		const socket = join(sshd.folder, "refusing.sock");
		const gateway = await startGateway(socket);
		const target = targetOf(sshd, { port: await freePort(), dialer: { type: "gateway", socket } });
		expect(await failure(target)).toBe(`gateway, try again
database/0: the gateway could not reach 127.0.0.1:PORT: connect ECONNREFUSED 127.0.0.1:PORT (ECONNREFUSED)
\`davit vms\` tells whether the VM runs; \`davit deploy --fix\` repairs one that does not`);
		gateway.close();
	});

	test("dial: the embedded gateway does not run", async () => {
		const socket = join(sshd.folder, "absent.sock");
		expect(await failure(targetOf(sshd, { dialer: { type: "gateway", socket } }))).toBe(`dial, final
database/0: the gateway at ${socket} does not run
\`davit deploy MANIFEST\` powers the deployment's VMs and their gateway on`);
	});

	test("gateway: the embedded gateway says nothing", async () => {
		const socket = join(sshd.folder, "silent.sock");
		const silent = await listen(() => {}, socket);
		const target = targetOf(sshd, { dialer: { type: "gateway", socket } });
		expect(await failure(target, { deadlines: { dial: 200 } })).toBe(`gateway, try again
database/0: the gateway at ${socket} gave no answer within 0.2 s
\`davit deploy MANIFEST\` starts the gateway anew`);
		silent.close();
		await rm(socket, { force: true });
	});

	test("banner: the server says nothing", async () => {
		const silent = await listen(() => {});
		expect(await failure(targetOf(sshd, { port: silent.port }), { deadlines: { banner: 200 } })).toBe(`banner, try again
database/0 (127.0.0.1:PORT): connected, but no SSH server spoke within 0.2 s
the VM may still boot; if it stays so, check that its sshd runs and that the port is the SSH port`);
		silent.close();
	});

	test("banner: the server closes at once, five times", async () => {
		let times = 0;
		const closing = await listen((socket) => {
			times += 1;
			socket.end();
		});
		const clock = {
			...realClock,
			sleep: (ms: number, until: AbortSignal) => realClock.sleep(ms >= 4_000 ? ms : 1, until),
		};
		expect(await failure(targetOf(sshd, { port: closing.port }), { clock })).toBe(`banner, try again
database/0 (127.0.0.1:PORT): the connection was closed before an SSH server spoke
the VM may still boot; a full server (MaxStartups) and a firewall close connections like this too`);
		expect(times).toBe(5);
		closing.close();
	});

	test("banner: it isn't SSH", async () => {
		const web = await listen((socket) => socket.once("data", () => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")));
		expect(await failure(targetOf(sshd, { port: web.port }))).toBe(`banner, final
database/0 (127.0.0.1:PORT): no SSH server answers there; it said: HTTP/1.1 400 Bad Request
check host and port under \`ssh:\` in the cloud file`);
		web.close();
	});

	test.each([
		[
			"KexAlgorithms sntrup761x25519-sha512@openssh.com",
			"banner",
			"no key exchange in common: the server has only sntrup761x25519-sha512@openssh.com",
			"(KexAlgorithms)",
		],
		[
			"Ciphers aes256-ctr\nMACs hmac-sha1",
			"banner",
			"no message authentication in common: the server has only hmac-sha1",
			"(MACs)",
		],
		["Ciphers aes256-cbc", "banner", "no cipher in common: the server has only aes256-cbc", "(Ciphers)"],
	])("a server that offers only `%s` is told by name", async (line, stage, words, setting) => {
		const server = await start({ config: [line] });
		const text = await failure(targetOf(server));
		expect(text).toContain(`${stage}, final\ndatabase/0 (127.0.0.1:PORT): ${words}`);
		expect(text).toContain(setting);
	});

	test("host-key: another one is refused, whatever it is, and nothing is learnt", async () => {
		const target = targetOf(sshd, { hostKeys: [stranger.publicKey] });
		const expected = `host-key, final
database/0 (127.0.0.1:PORT): its host key is not the known one: it shows ${fingerprint(sshd.hostKey.publicKey)}, known is ${fingerprint(stranger.publicKey)}
someone may be posing as database/0, or its key was replaced by hand; nothing was sent. If it was replaced, \`davit deploy --fix\` makes a new VM with a known one`;
		expect([await failure(target), await failure(target)]).toEqual([expected, expected]);
	});

	test("host-key: no key is known", async () => {
		expect(await failure(targetOf(sshd, { hostKeys: [] }))).toContain(
			`it shows ${fingerprint(sshd.hostKey.publicKey)}, no key is known for it`,
		);
	});

	test("auth: the key is refused", async () => {
		expect(await failure(targetOf(sshd, { privateKey: stranger.privateKey }))).toBe(`auth, final
database/0 (127.0.0.1:PORT): the server refuses user ops with the key that davit has for it
check that ops exists there and has the public key in ~/.ssh/authorized_keys, and what the server's log says`);
	});

	test("auth: a private key that can't be read is not in the message", async () => {
		const text = await failure(targetOf(sshd, { privateKey: "-----BEGIN SECRET" }));
		expect(text).toContain("auth, final\ndatabase/0 (127.0.0.1:PORT): the private key for it can't be read");
		expect(text).not.toContain("SECRET");
	});

	test("sudo: it asks for a password", async () => {
		const strict = await start({ sudoers: ["ops ALL=(ALL) ALL"] });
		expect(await failure(targetOf(strict))).toBe(`sudo, final
database/0 (127.0.0.1:PORT): user ops can't become root: sudo: a password is required
give ops a line \`ops ALL=(ALL) NOPASSWD: ALL\` in /etc/sudoers.d on the VM, or log in as root`);
	});

	test("shell: the user may not have one", async () => {
		const strict = await start({ shell: "/usr/sbin/nologin" });
		expect(await failure(targetOf(strict))).toBe(`shell, final
database/0 (127.0.0.1:PORT): the server ran no bash for user ops (exit code 1)
the login user needs /bin/bash on the VM and no forced command; some images let another user in than root`);
	});

	test("shell: its start-up files print text", async () => {
		const chatty = await start({ bashrc: "echo Welcome to database" });
		expect(await failure(targetOf(chatty))).toBe(`shell, final
database/0 (127.0.0.1:PORT): the login shell of ops prints text before any command: Welcome to database
make ops's shell start-up files (such as ~/.bashrc) silent for shells that aren't interactive`);
	});

	test("shell: start-up files that complain on standard error are no failure, and not in the output", async () => {
		const grumbling = await start({ bashrc: "echo old terminal >&2" });
		const ssh = createSsh({ clock: realClock });
		const connection = await ssh.connect(targetOf(grumbling), { signal });
		expect(await connection.run("echo mine >&2", { signal })).toMatchObject({ code: 0, stderr: "mine\n" });
		ssh.close();
	});

	test("shell: a server that allows fewer sessions than sshd's default gets fewer at once", async () => {
		const small = await start({ config: ["MaxSessions 3"] });
		const ssh = createSsh({ clock: realClock });
		const connection = await ssh.connect(targetOf(small), { signal });
		const runs = Array.from({ length: 12 }, (_, index) => connection.run(`sleep 0.1; echo ${index}`, { signal }));
		expect((await Promise.all(runs)).map(({ stdout }) => Number(stdout))).toEqual([...runs.keys()]);
		ssh.close();
	});

	describe("first contact", () => {
		test("waits through boot: nothing listens, then nothing speaks, then the server is there", async () => {
			const port = await freePort();
			const stages: string[] = [];
			const ssh = createSsh({ clock: realClock, deadlines: { banner: 300 } });
			let speaks = false;
			let booting: Awaited<ReturnType<typeof listen>> | undefined;
			const serve = (socket: Socket) => {
				if (!speaks) return;
				const inside = connect(sshd.port, "127.0.0.1");
				socket
					.pipe(inside)
					.on("error", () => {})
					.pipe(socket);
			};
			const onProgress = ({ stage }: { stage: string }) => {
				if (stages.at(-1) !== stage) stages.push(stage);
				if (stage === "banner") speaks = true;
				else
					void listen(serve, port).then(
						(server) => {
							booting ??= server;
						},
						() => {},
					);
			};
			const contact = waitForFirstContact(ssh, targetOf(sshd, { port }), { clock: realClock, signal, onProgress });
			expect((await (await contact).run("echo up", { signal })).stdout).toBe("up\n");
			expect(stages).toEqual(["dial", "banner"]);
			ssh.close();
			booting?.close();
		});

		test("a wrong host key ends it at once", async () => {
			const ssh = createSsh({ clock: realClock });
			const target = targetOf(sshd, { hostKeys: [stranger.publicKey] });
			await expect(waitForFirstContact(ssh, target, { clock: realClock, signal })).rejects.toMatchObject({
				stage: "host-key",
			});
			ssh.close();
		});

		test("past its deadline it tells the last failure", async () => {
			const ssh = createSsh({ clock: realClock });
			const port = await freePort();
			const contact = waitForFirstContact(ssh, targetOf(sshd, { port }), { clock: realClock, signal, deadlineMs: 500 });
			await expect(contact).rejects.toMatchObject({
				message: `database/0: not reached within 0.5 s; last: database/0: 127.0.0.1:${port} refuses the connection`,
				stage: "dial",
			});
			ssh.close();
		});
	});
});
