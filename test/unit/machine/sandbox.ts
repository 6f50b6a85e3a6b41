import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bootstrapScript } from "../../../src/machine/bootstrap.ts";
import { exampleSpec } from "./machine-spec.ts";

export interface Ran {
	readonly code: number | null;
	readonly stdout: string;
	readonly stderr: string;
	readonly bytes: Buffer;
}

/** A stand-in for a VM: own mount and process namespaces, own /etc /var /tmp /home /root /run and a writable layer on /usr/bin, the host read-only beneath. */
export interface Sandbox {
	/** The VM's root folders as the host sees them: `etc`, `var`, ... */
	readonly folder: string;
	run(script: string, options?: { stdin?: string | Uint8Array; env?: Record<string, string> }): Promise<Ran>;
	/** Starts without waiting; the caller ends it. */
	start(script: string): ChildProcess;
	/** Kills every process, takes down every mount, and starts again on the same folders. */
	reboot(): Promise<void>;
	close(): Promise<void>;
}

/** For `describe.each`: all ids where the tests run as root, and one id. */
export const idModes = process.getuid?.() === 0 ? [{ oneId: false }, { oneId: true }] : [{ oneId: true }];

const setUp = `set -e
cd "$1"
mount --make-rprivate /
if [ ! -e made ]; then
mkdir -p etc usr-bin/upper usr-bin/work var/lib var/log var/tmp tmp home root run
cp -a --no-preserve=ownership /etc/alternatives /etc/ld.so.cache /etc/nsswitch.conf /etc/profile etc/
printf 'root:x:0:0:root:/root:/bin/bash\\nnobody:x:65534:65534::/:/usr/sbin/nologin\\n' >etc/passwd
printf 'root:x:0:\\nnogroup:x:65534:\\n' >etc/group
echo 'root:*:19000:0:99999:7:::' >etc/shadow
mkdir -p etc/ssl/certs etc/ssh
printf '127.0.0.1 localhost\\n' >etc/hosts
touch made
fi
find run tmp -mindepth 1 -delete
mount -t overlay usr-bin -o "lowerdir=/usr/bin,upperdir=$PWD/usr-bin/upper,workdir=$PWD/usr-bin/work,userxattr" /usr/bin
for folder in etc var home root run tmp; do mount --bind "$folder" "/$folder"; done
mount -o remount,ro,bind /
echo ready
while read -r _; do :; done
`;

/** `oneId`: a user namespace with a single id, as an ordinary user has without newuidmap. Without root there is no other. */
export async function openSandbox(options: { oneId?: boolean } = {}): Promise<Sandbox> {
	const folder = await mkdtemp(join(tmpdir(), "davit-machine-"));
	const oneId = options.oneId === true || process.getuid?.() !== 0;
	await writeFile(join(folder, "set-up"), setUp);
	let booted = await boot(folder, oneId);
	const start = (text: string, env?: Record<string, string>) =>
		spawn("nsenter", [...booted.enter, "bash", "-c", text], {
			env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", ...env },
		});
	const powerOff = async () => {
		const ended = once(booted.init, "close");
		booted.init.stdin?.end();
		await ended;
	};
	return {
		folder,
		start,
		run: (text, { stdin, env } = {}) => finish(start(text, env), stdin),
		reboot: async () => {
			await powerOff();
			booted = await boot(folder, oneId);
		},
		close: async () => {
			await powerOff();
			await rm(folder, { recursive: true, force: true });
		},
	};
}

async function boot(folder: string, oneId: boolean): Promise<{ init: ChildProcess; enter: string[] }> {
	const user = oneId ? ["--user", "--map-root-user"] : [];
	const init = spawn(
		"unshare",
		[...user, "--mount", "--pid", "--fork", "--mount-proc", "--kill-child", "bash", join(folder, "set-up"), folder],
		{ stdio: ["pipe", "pipe", "inherit"] },
	);
	const failed = once(init, "exit").then(([code]) => Promise.reject(new Error(`the sandbox did not start: ${code}`)));
	await Promise.race([once(init.stdout, "data"), failed]);
	failed.catch(() => {});
	const first = await firstProcess(init.pid ?? 0);
	return {
		init,
		enter: ["--target", first, "--mount", "--pid", ...(oneId ? ["--user", "--preserve-credentials"] : [])],
	};
}

async function finish(child: ChildProcessWithoutNullStreams, stdin: string | Uint8Array = ""): Promise<Ran> {
	child.stdin.on("error", () => {}).end(stdin);
	const out: Buffer[] = [];
	let stderr = "";
	child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
	child.stderr.on("data", (chunk: Buffer) => {
		stderr += chunk.toString();
	});
	const [code] = await once(child, "close");
	const bytes = Buffer.concat(out);
	return { code, stdout: bytes.toString(), stderr, bytes };
}

/** A sandbox that was bootstrapped. */
export async function openVm(options: { oneId?: boolean } = {}): Promise<Sandbox> {
	const sandbox = await openSandbox(options);
	const { code, stderr } = await sandbox.run(bootstrapScript(exampleSpec));
	if (code !== 0) throw new Error(stderr);
	return sandbox;
}

/** The namespace's PID 1, as the host numbers it. */
async function firstProcess(unshare: number): Promise<string> {
	const children = await readFile(`/proc/${unshare}/task/${unshare}/children`, "utf8");
	return children.trim();
}
