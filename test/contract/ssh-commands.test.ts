import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createSsh } from "../../src/ssh/pool.ts";
import type { Ssh, SshConnection } from "../../src/ssh/ssh.ts";
import { realClock } from "../support/real-clock.ts";
import { targetOf } from "../support/ssh-target.ts";
import { childrenOf, type Sshd, sshdMissing, startSshd } from "../support/sshd.ts";

const missing = sshdMissing();
const { signal } = new AbortController();
const MIB = 1024 * 1024;

describe.skipIf(missing !== undefined).each(["ops", "root"])(
	`commands on a real sshd as %s${missing ? ` (${missing})` : ""}`,
	(user) => {
		let sshd: Sshd;
		let ssh: Ssh;
		let connection: SshConnection;
		beforeAll(async () => {
			sshd = await startSshd();
			ssh = createSsh({ clock: realClock });
			connection = await ssh.connect(targetOf(sshd, { user }), { signal });
		});
		afterAll(async () => {
			ssh?.close();
			await sshd?.close();
		});
		const file = (name: string) => join(sshd.folder, name);

		test("runs as root, by bash, with both outputs and the exit code", async () => {
			const result = await connection.run('id -u; [[ $BASH_VERSION ]] && echo "home $HOME"; echo oops >&2; exit 7', {
				signal,
			});
			expect(result).toEqual({ code: 7, signal: undefined, stdout: `0\nhome ${file("home")}\n`, stderr: "oops\n" });
		});

		test.each([
			["quotes and dollars", `echo "it's" '$HOME' \\"`, `it's $HOME "\n`],
			["a here-document at the end", "cat <<'END'\n$x\nEND", "$x\n"],
			["a comment at the end", "echo a # b", "a\n"],
			["nothing but a comment", "# nothing", ""],
			["Korean text", "echo 데이터베이스", "데이터베이스\n"],
			["100 kB of script", `x='${"y".repeat(100_000)}'; echo \${#x}`, "100000\n"],
		])("runs %s as it is written", async (_, script, stdout) => {
			expect(await connection.run(script, { signal })).toMatchObject({ code: 0, stdout });
		});

		test("an error in a script names its line", async () => {
			const { stderr } = await connection.run("true\ntrue\nno-such-command", { signal });
			expect(stderr).toContain("line 3: no-such-command: command not found");
		});

		test("the script is not in any argument list on the VM", async () => {
			const { stdout } = await connection.run(
				"cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -c 'davit-s[h]ell' ; : SECRET-in-the-script; cat /proc/[0-9]*/cmdline | grep -c SECRET-[i]n",
				{ signal },
			);
			const [commands, secrets] = stdout.trim().split("\n");
			expect(Number(commands)).toBeGreaterThan(0);
			expect(secrets).toBe("0");
		});

		test.each([0, 1, 4095, 4096, 65_537, 3 * MIB])(
			"all of %d bytes of data behind the script arrive, unchanged",
			async (size) => {
				const data = Buffer.alloc(
					size,
					Uint8Array.from({ length: 251 }, (_, index) => index),
				);
				const { stdout } = await connection.run("sha256sum", { signal, stdin: data });
				expect(stdout.split(" ")[0]).toBe(createHash("sha256").update(data).digest("hex"));
			},
		);

		test("lines come as they are printed, whole, with characters that were cut in two", async () => {
			const lines: string[] = [];
			const script = "printf '\\xed\\x95'; sleep 0.1; printf '\\x9c\\ntwo\\nlast'; echo err >&2";
			await connection.run(script, { signal, onLine: (stream, line) => lines.push(`${stream}: ${line}`) });
			expect(lines.toSorted()).toEqual(["stderr: err", "stdout: last", "stdout: two", "stdout: 한"]);
		});

		test("only the last bytes are kept, from a whole character on", async () => {
			const { stdout } = await connection.run("for i in {1..5000}; do echo 한글$i; done", { signal, maxBytes: 20 });
			expect(stdout).toBe("글4999\n한글5000\n");
		});

		test("a command that a signal ends has no exit code", async () => {
			expect(await connection.run("kill -KILL $$", { signal })).toMatchObject({ code: undefined, signal: "SIGKILL" });
		});

		test("a command that reads none of its data doesn't wait for it", async () => {
			const endless = new Readable({ read: (size) => void endless.push(Buffer.alloc(size)) });
			expect(await connection.run("exit 4", { signal, stdin: endless })).toMatchObject({ code: 4 });
			expect(endless.destroyed).toBe(true);
		});

		test("an error of the data's source ends the command and is thrown as it is", async () => {
			const source = Readable.from(
				(async function* () {
					yield Buffer.from("some");
					throw new Error("the disk is gone");
				})(),
			);
			await expect(connection.run("cat", { signal, stdin: source })).rejects.toThrow("the disk is gone");
		});

		test("an abort ends the command and what it started, not the connection", async () => {
			const abort = new AbortController();
			const script = `echo $$; sh -c 'echo $$ >${file("inner")}; sleep 603; true'; echo never`;
			const running = connection.run(script, { signal: abort.signal, onLine: () => abort.abort(new Error("enough")) });
			await expect(running).rejects.toThrow("enough");
			const inner = await connection.run(`cat ${file("inner")}; pgrep -fc '^sleep 60[3]'`, { signal });
			const [pid, left] = inner.stdout.trim().split("\n");
			expect(existsSync(`/proc/${pid}`)).toBe(false);
			expect(left).toBe("0");
		});

		test("an aborted command that ignores TERM is killed", async () => {
			const abort = new AbortController();
			const script = "trap '' TERM; echo $$; while :; do read -t 0.1 <> <(:); done";
			let pid = "";
			const onLine = (_: string, line: string) => {
				pid = line;
				abort.abort(new Error("enough"));
			};
			await expect(connection.run(script, { signal: abort.signal, onLine })).rejects.toThrow("enough");
			expect(existsSync(`/proc/${pid}`)).toBe(false);
		});

		test("a daemon that a script has started outlives the script, and an abort", async () => {
			const abort = new AbortController();
			const script = `(setsid sleep 601 </dev/null >/dev/null 2>&1 & echo $! >${file("daemon")}); echo up; sleep 602`;
			const running = connection.run(script, { signal: abort.signal, onLine: () => abort.abort(new Error("enough")) });
			await expect(running).rejects.toThrow("enough");
			const pid = Number(readFileSync(file("daemon"), "utf8"));
			expect(existsSync(`/proc/${pid}`)).toBe(true);
			process.kill(pid, "SIGKILL");
		});

		test("30 commands at once share one connection with sshd's default of 10 sessions", async () => {
			const results = await Promise.all(
				Array.from({ length: 30 }, (_, index) => connection.run(`sleep 0.05; echo ${index}`, { signal })),
			);
			expect(results.map(({ stdout }) => Number(stdout))).toEqual(Array.from({ length: 30 }, (_, index) => index));
		});

		test("a command that waits for a session can be aborted", async () => {
			const abort = new AbortController();
			const busy = Array.from({ length: 8 }, () => connection.run("sleep 0.3", { signal }));
			const waiting = connection.run("echo never", { signal: abort.signal });
			abort.abort(new Error("enough"));
			await expect(waiting).rejects.toThrow("enough");
			await Promise.all(busy);
		});

		test("a stream of 400 MiB comes in and goes out without being held in memory", async () => {
			const size = 400 * MIB;
			const before = process.memoryUsage().rss;
			let most = 0;
			let received = 0;
			for await (const chunk of await connection.stream(`head -c ${size} /dev/zero`, { signal, idleMs: 20_000 })) {
				received += (chunk as Buffer).length;
				most = Math.max(most, process.memoryUsage().rss);
			}
			let left = size;
			const source = new Readable({
				read() {
					most = Math.max(most, process.memoryUsage().rss);
					this.push(left > 0 ? Buffer.alloc(Math.min(left, 65_536)) : null);
					left -= 65_536;
				},
			});
			const { stdout } = await connection.run("wc -c", { signal, stdin: source, idleMs: 20_000 });
			expect([received, Number(stdout)]).toEqual([size, size]);
			// Buffers that nothing holds any more count until they are collected.
			expect(most - before).toBeLessThan(250 * MIB);
		});

		test("a reader that takes its time is no stall", async () => {
			const stream = await connection.stream(`head -c ${8 * MIB} /dev/zero`, { signal, idleMs: 1_000 });
			await realClock.sleep(2_500, signal);
			let received = 0;
			for await (const chunk of stream) received += (chunk as Buffer).length;
			expect(received).toBe(8 * MIB);
		});

		test("a stream of a command that fails ends in an error with its last words", async () => {
			const stream = await connection.stream("echo partial; echo 'no such table' >&2; exit 2", { signal });
			await expect(stream.toArray()).rejects.toThrow("the command ended with exit code 2: no such table");
		});

		test("a reader that leaves ends the command", async () => {
			const stream = await connection.stream(`echo $$; exec cat /dev/zero`, { signal });
			stream.once("readable", () => stream.read());
			await new Promise((resolve) => stream.once("readable", resolve));
			stream.destroy();
			await expect
				.poll(async () => (await connection.run("pgrep -fc '^cat /dev/z[e]ro'", { signal })).stdout)
				.toBe("0\n");
		});

		test("silence in both directions is a stall, at stage shell, and retryable", async () => {
			const stalled = connection.run("echo a; sleep 600", { signal, idleMs: 1_000 });
			await expect(stalled).rejects.toMatchObject({
				message: `database/0 (127.0.0.1:${sshd.port}): no byte came or went for 1 s`,
				stage: "shell",
				retryable: true,
			});
		});

		test("a server process that dies under a command loses the connection; the next connect dials anew", async () => {
			const running = connection.run("echo up; sleep 5", {
				signal,
				onLine: () => {
					// As another user than root, a second process holds the socket. The command comes last: nobody may tell of its end.
					const children = sshd.children().flatMap((child) => [child, ...childrenOf(child)]);
					for (const child of children) process.kill(child, "SIGKILL");
				},
			});
			await expect(running).rejects.toMatchObject({ stage: "shell", retryable: true });
			await expect(connection.run("true", { signal })).rejects.toMatchObject({ stage: "shell", retryable: true });
			connection = await ssh.connect(targetOf(sshd, { user }), { signal });
			expect((await connection.run("echo again", { signal })).stdout).toBe("again\n");
		});

		test("nothing of a script runs of which only a part has arrived", async () => {
			// What the server's shell gets when the connection is lost: the first bytes of the script, and then the end of its input.
			const { remoteCommand, wrapScript } = await import("../../src/ssh/remote-shell.ts");
			const script = wrapScript(`touch ${file("ran")}\ntrue\n`);
			const cut = script.subarray(0, script.length - 4).toString("utf8");
			const { stderr } = await connection.run(remoteCommand("root", script.length), { signal, stdin: cut });
			expect(stderr).toContain("syntax error");
			expect(existsSync(file("ran"))).toBe(false);
		});
	},
);
