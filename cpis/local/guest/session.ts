import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import type { PseudoTtyInfo, ServerChannel, Session } from "ssh2";
import type { Account } from "./accounts.ts";
import { resizeTerminal, terminalCommand } from "./terminal.ts";

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const SFTP_SERVERS = ["/usr/lib/openssh/sftp-server", "/usr/libexec/openssh/sftp-server", "/usr/lib/ssh/sftp-server"];

/** Runs argv as that user; as ourselves when that is who we are (the only id there may be). */
function start(account: Account, argv: readonly string[], env: Record<string, string>): ChildProcess {
	const switched =
		account.uid === process.getuid?.()
			? argv
			: ["setpriv", `--reuid=${account.uid}`, `--regid=${account.gid}`, "--init-groups", "--", ...argv];
	const [command = "", ...args] = switched;
	return spawn(command, args, {
		cwd: existsSync(account.home) ? account.home : "/",
		// A process group of its own, so that a signal reaches all of the command.
		detached: true,
		env: { PATH, HOME: account.home, USER: account.name, LOGNAME: account.name, SHELL: account.shell, ...env },
	});
}

function exitOf(code: number | null, signal: string | null): number | string {
	return signal === null ? (code ?? 255) : signal.replace(/^SIG/, "");
}

/** Copies both ways until the command and its output have ended; then tells how it ended, as sshd does. */
async function copy(child: ChildProcess, channel: ServerChannel): Promise<void> {
	const { stdin, stdout, stderr } = child;
	if (!stdin || !stdout || !stderr) return;
	// A command that doesn't read its input is no error.
	stdin.on("error", () => {});
	channel.on("error", () => {});
	channel.on("close", () => {
		for (const stream of [stdin, stdout, stderr]) stream.destroy();
	});
	channel.pipe(stdin);
	stdout.pipe(channel, { end: false });
	// The channel closes when its main stream ends, so what stands in the other one must be sent before.
	const flushed = once(channel.stderr, "finish");
	stderr.pipe(channel.stderr);
	const [code, signal] = await once(child, "close");
	await flushed;
	const exit = exitOf(code, signal);
	if (typeof exit === "number") channel.exit(exit);
	else channel.exit(exit, false, "");
	channel.end();
}

/** One session of a connection: `env` and `pty` first, then one of exec, shell or the sftp subsystem. */
export function serveSession(session: Session, account: Account): void {
	const env: Record<string, string> = {};
	let terminal: PseudoTtyInfo | undefined;
	let child: ChildProcess | undefined;

	const run = (channel: ServerChannel, argv: readonly string[]) => {
		const started = start(account, argv, env);
		child = started;
		started.on("error", (error) => {
			channel.stderr.write(`${error.message}\n`);
			channel.exit(127);
			channel.end();
		});
		copy(started, channel).catch(() => channel.close());
		// As when sshd closes its end of a terminal: what runs on it gets SIGHUP from the kernel.
		if (terminal) channel.on("close", () => started.kill("SIGKILL"));
	};
	session.on("env", (accept, reject, { key, val }: { key: string; val: string }) => {
		// What Debian's sshd accepts; a real VM would drop the rest.
		if (!/^(LANG|LC_\w+)$/.test(key)) return reject?.();
		env[key] = val;
		accept?.();
	});
	session.on("pty", (accept, _reject, info: PseudoTtyInfo & { term?: string }) => {
		terminal = info;
		env.TERM = info.term || "xterm";
		accept?.();
	});
	session.on("window-change", (accept, _reject, info) => {
		if (terminal && child?.pid !== undefined) resizeTerminal(child.pid, info);
		accept?.();
	});
	session.on("signal", (accept, _reject, { name }) => {
		if (child?.pid !== undefined && child.exitCode === null) {
			try {
				process.kill(-child.pid, `SIG${name}`);
			} catch {} // It has ended, or there is no such signal.
		}
		accept?.();
	});
	session.on("shell", (accept) => {
		run(accept(), terminal ? terminalCommand(terminal, `exec -l ${account.shell}`) : [account.shell, "-l"]);
	});
	session.on("exec", (accept, _reject, { command }) => {
		run(accept(), terminal ? terminalCommand(terminal, command) : [account.shell, "-c", command]);
	});
	session.on("subsystem", (accept, reject, { name }) => {
		const server = SFTP_SERVERS.find((path) => existsSync(path));
		if (name === "sftp" && server) run(accept(), [server]);
		else reject?.();
	});
}

/** A session of a key that has one command: whatever is asked for, that runs, and is told what was asked for. */
export function serveCommand(session: Session, account: Account, forced: string): void {
	const run = (channel: ServerChannel, asked: string) => {
		const child = start(account, [account.shell, "-c", forced], { SSH_ORIGINAL_COMMAND: asked });
		child.on("error", () => channel.close());
		// Nobody reads any more.
		channel.on("close", () => child.kill("SIGKILL"));
		copy(child, channel).catch(() => channel.close());
	};
	session.on("exec", (accept, _reject, { command }) => run(accept(), command));
	session.on("shell", (accept) => run(accept(), ""));
}
