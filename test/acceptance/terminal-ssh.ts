import { readdirSync } from "node:fs";
import { expect, test, vi } from "vitest";
import type { World } from "../support/acceptance.ts";
import { run } from "../support/acceptance-process.ts";
import { onPath } from "../support/on-path.ts";
import { freePort } from "../support/sshd.ts";
import { onTerminal } from "../support/terminal.ts";

const PROMPT = /davit@db-0:~\$ $/;

/** What `davit ssh` does before a person, with the system's OpenSSH, and on many instances at once. */
export function sshCases(at: () => World): void {
	const on = async (instance: string, line: string) => (await at().davit(["ssh", instance, "-c", line])).stdout;
	/** Folders in which OpenSSH finds the login key. */
	const keyFolders = () => readdirSync(at().folder).filter((name) => name.startsWith("davit-ssh-"));
	const sleeps = () => on("db/0", "grep -lzx 432[1] /proc/[0-9]*/cmdline");
	const env = () => ({ TMPDIR: at().folder });
	const openSsh = test.skipIf(!onPath("ssh"));

	openSsh("size, Ctrl-C and exit code are the remote program's, and the terminal is left as it was", async () => {
		const line =
			'before=$(stty -g); davit ssh db/0; echo "exit code $?"; [ "$before" = "$(stty -g)" ] && echo restored';
		await onTerminal(
			at(),
			line,
			async (terminal) => {
				await terminal.until(PROMPT);
				expect(keyFolders()).toHaveLength(1);
				terminal.type("stty size; tty; echo $TERM $LANG; sudo id -un\n");
				expect(await terminal.until(PROMPT)).toContain("33 101\r\n/dev/pts/0\r\nxterm C.UTF-8\r\nroot\r\n");

				await terminal.resize({ rows: 20, columns: 77 });
				terminal.type('until [ "$(stty size)" = "20 77" ]; do sleep 0.1; done; echo re""sized\n');
				await terminal.until(/resized/);
				await terminal.until(PROMPT);

				terminal.type(
					`bash -c 'trap "echo got INT; exit 9" INT; echo rea""dy; while :; do sleep 0.1; done'; echo left: $?\n`,
				);
				await terminal.until(/ready/);
				terminal.type("\x03");
				await terminal.until(/got INT\r\nleft: 9\r\n/);
				await terminal.until(PROMPT);

				terminal.type("exit 7\n");
				const { code, rest } = await terminal.ended;
				expect({ code, rest: rest.replace(/^.*logout\r\n/s, "") }).toEqual({
					code: 0,
					rest: "Connection to db-0.tiny closed.\r\r\nexit code 7\r\nrestored\r\n",
				});
				expect(keyFolders()).toEqual([]);
			},
			{ size: { rows: 33, columns: 101 }, env: env() },
		);
	});

	openSsh("a window that is closed takes all with it: the remote program, and the key", async () => {
		await onTerminal(
			at(),
			"davit ssh db/0",
			async (terminal) => {
				await terminal.until(PROMPT);
				terminal.type("sleep 4321\n");
				await vi.waitFor(async () => expect(await sleeps()).not.toBe(""), 60_000);
			},
			{ env: env() },
		);
		await vi.waitFor(() => expect(keyFolders()).toEqual([]), 60_000);
		await vi.waitFor(async () => expect(await sleeps()).toBe(""), 60_000);
	});

	test.skipIf(!onPath("ssh", "curl"))("-L forwards a port while the terminal is open", async () => {
		const port = await freePort();
		await onTerminal(at(), `davit ssh db/0 -L ${port}:localhost:80`, async (terminal) => {
			await terminal.until(PROMPT);
			const got = await run(at().command(["curl", "-sS", `http://127.0.0.1:${port}/forwarded`]));
			expect(got).toEqual({ code: 0, stdout: "db-0\n", stderr: "" });
			terminal.type("exit\n");
			expect(await terminal.ended).toMatchObject({ code: 0 });
		});
	});

	openSsh("words after -- are OpenSSH's: a command has the pipes and the exit code", async () => {
		const { code, stdout, stderr } = await at().davit(
			["ssh", "web/1", "--", "sh", "-c", "'cat; hostname >&2; exit 5'"],
			{
				stdin: "안녕\n",
			},
		);
		expect({ code, stdout, stderr }).toEqual({ code: 5, stdout: "안녕\n", stderr: "web-1\n" });
	});

	openSsh("Ctrl-C ends a tunnel without a terminal of its own, and nothing is said", async () => {
		const port = await freePort();
		const line = `trap : INT; davit ssh db/0 -L ${port}:localhost:80 -- -N -o PermitLocalCommand=yes -o LocalCommand='echo open'; echo "exit code $?"`;
		await onTerminal(at(), line, async (terminal) => {
			await terminal.until(/open\r\n/);
			terminal.type("\x03");
			expect(await terminal.ended).toEqual({ code: 0, rest: "^Cexit code 130\r\n" });
		});
	});

	test("-c runs on all that are chosen: lines by instance, exit code 1 if one fails", async () => {
		const { code, stdout, stderr } = await at().davit(["ssh", "-c", 'hostname; [ "$(hostname)" != web-1 ] || exit 3']);
		expect({ code, stdout: stdout.split("\n").sort(), stderr }).toEqual({
			code: 1,
			stdout: ["", "db/0: db-0", "web/0: web-0", "web/1: web-1"],
			stderr: "error: web/1: the command ended with exit code 3\n",
		});
	});

	test("--results shows outputs and how each ended in the end, for people and for programs", async () => {
		const line = "hostname; echo err >&2; case $(hostname) in web-0) kill -TERM $$ ;; *) exit 2 ;; esac";
		const { code, stdout, stderr } = await at().davit(["ssh", "web", "--results", "-c", line]);
		expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
		expect(stdout).toBe(`web/0:
web-0
err

web/1:
web-1
err

instance  exit_code
web/0     143
web/1     2
`);
		const { events } = await at().told(["ssh", "web/1", "--results", "-c", line]);
		expect(events).toEqual([
			expect.objectContaining({ rows: [{ instance: "web/1", exit_code: 2, stdout: "web-1\n", stderr: "err\n" }] }),
		]);
	});
}
