import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { generateKeyPair, type KeyPair } from "../../src/ssh/keys.ts";

/** A real OpenSSH server on loopback, with OpenSSH's default limits unless `config` says otherwise. */
export interface Sshd {
	readonly port: number;
	readonly pid: number;
	readonly hostKey: KeyPair;
	/** Of `root` and of the user `ops`. */
	readonly login: KeyPair;
	readonly folder: string;
	/** What the server logged so far. */
	log(): string;
	/** Pids of its processes for one connection each. */
	children(): number[];
	close(): Promise<void>;
}

export interface SshdOptions {
	/** Lines of sshd_config that come first, and so win. */
	readonly config?: readonly string[];
	readonly hostKey?: KeyPair;
	/** Lines of sudoers for `ops`, a user that exists in this server's mount namespace only. Default: all, without password. */
	readonly sudoers?: readonly string[];
	/** Login shell of `ops`. */
	readonly shell?: string;
	/** Text of ~/.bashrc of `ops`. */
	readonly bashrc?: string;
	/** Where it listens; default: loopback of this machine's own network namespace. */
	readonly network?: { readonly namespace: string; readonly address: string };
}

const SSHD = "/usr/sbin/sshd";

/** Why a real sshd can't be had here, or undefined. */
export function sshdMissing(): string | undefined {
	if (!existsSync(SSHD)) return "there is no OpenSSH server here: apt-get install openssh-server openssh-client sudo";
	if (!existsSync("/usr/bin/sudo")) return "there is no sudo here: apt-get install sudo";
	if (process.getuid?.() !== 0) return "a real sshd with users of its own needs root";
	return undefined;
}

/** Starts it in a mount namespace of its own, in which /etc/passwd, shadow and sudoers are its own: nothing of the machine changes. */
export async function startSshd(options: SshdOptions = {}): Promise<Sshd> {
	const folder = await mkdtemp(join(tmpdir(), "davit-sshd-"));
	const hostKey = options.hostKey ?? generateKeyPair("host");
	const login = generateKeyPair("login");
	await writeFile(join(folder, "host_key"), hostKey.privateKey, { mode: 0o600 });
	await writeFile(join(folder, "login_key"), login.privateKey, { mode: 0o600 });
	await writeFile(join(folder, "authorized_keys"), `${login.publicKey}\n`, { mode: 0o644 });
	await writeUsers(folder, options);
	await chmod(folder, 0o755);
	await mkdir("/run/sshd", { recursive: true });
	for (let tries = 1; ; tries += 1) {
		const port = await freePort();
		const address = options.network?.address ?? "127.0.0.1";
		await writeConfig(folder, [...(options.config ?? []), `Port ${port}`, `ListenAddress ${address}`]);
		const started = await start(folder, `${address} port ${port}`, options.network?.namespace);
		if (started) return { port, hostKey, login, folder, ...started };
		if (tries === 3) throw new Error("sshd did not start");
	}
}

async function writeUsers(folder: string, options: SshdOptions): Promise<void> {
	const home = join(folder, "home");
	await mkdir(home);
	await writeFile(join(home, ".bashrc"), options.bashrc ?? "");
	const shell = options.shell ?? "/bin/bash";
	const passwd = await readFile("/etc/passwd", "utf8");
	const shadow = await readFile("/etc/shadow", "utf8");
	const users = passwd.replace(/^(root:.*):[^:]*:[^:]*$/m, `$1:${home}:/bin/bash`);
	await writeFile(join(folder, "passwd"), `${users}ops:x:64321:65534:ops:${home}:${shell}\n`);
	await writeFile(join(folder, "shadow"), `${shadow}ops:*:19000:0:99999:7:::\n`, { mode: 0o640 });
	const sudoers = options.sudoers ?? ["ops ALL=(ALL) NOPASSWD: ALL"];
	await writeFile(join(folder, "sudoers"), ["root ALL=(ALL) ALL", ...sudoers, ""].join("\n"), { mode: 0o440 });
}

function writeConfig(folder: string, first: readonly string[]): Promise<void> {
	const lines = [
		...first,
		`HostKey ${folder}/host_key`,
		`AuthorizedKeysFile ${folder}/authorized_keys`,
		"StrictModes no",
		`PidFile ${folder}/pid`,
		"UsePAM no",
	];
	return writeFile(join(folder, "sshd_config"), `${lines.join("\n")}\n`);
}

async function start(folder: string, listening: string, namespace: string | undefined) {
	const binds = ["passwd", "shadow", "sudoers"].map((name) => `mount --bind ${folder}/${name} /etc/${name}`);
	const script = [...binds, `exec ${SSHD} -D -e -f ${folder}/sshd_config`].join(" && ");
	const inside = namespace === undefined ? [] : ["ip", "netns", "exec", namespace];
	const [command = "", ...args] = [
		...inside,
		"unshare",
		"--mount",
		"--propagation",
		"private",
		"/bin/sh",
		"-c",
		script,
	];
	const server = spawn(command, args, {
		stdio: ["ignore", "ignore", "pipe"],
	});
	let log = "";
	server.stderr?.on("data", (chunk: Buffer) => {
		log += chunk.toString("utf8");
	});
	while (!log.includes(`listening on ${listening}`)) {
		if (server.exitCode !== null) return undefined;
		await delay(10);
	}
	const pid = server.pid ?? 0;
	return { pid, log: () => log, children: () => childrenOf(pid), close: () => stop(server, folder) };
}

async function stop(server: ChildProcess, folder: string): Promise<void> {
	for (const child of childrenOf(server.pid ?? 0)) kill(child);
	if (server.exitCode === null) {
		server.kill("SIGTERM");
		await once(server, "exit");
	}
	await rm(folder, { recursive: true, force: true });
}

export function childrenOf(pid: number): number[] {
	try {
		return execFileSync("ps", ["-o", "pid=", "--ppid", String(pid)], { encoding: "utf8" })
			.trim()
			.split(/\s+/)
			.map(Number);
	} catch {
		return [];
	}
}

function kill(pid: number): void {
	try {
		process.kill(pid, "SIGKILL");
	} catch {
		// It has ended by itself.
	}
}

export async function freePort(): Promise<number> {
	const server = createServer().listen(0, "127.0.0.1");
	await once(server, "listening");
	const address = server.address();
	server.close();
	await once(server, "close");
	if (address === null || typeof address === "string") throw new Error("no port");
	return address.port;
}
