import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Dialer } from "../../src/ssh/ssh.ts";
import { sshdMissing } from "./sshd.ts";

/** A real bosh-agent and a real sshd, as a stemcell has them, in mount, process, network and host name namespaces of their own. */
export interface BoshAgent {
	/** Enters the network namespace; `127.0.0.1` is the VM's own. */
	readonly dialer: Dialer;
	/** What the agent logged so far. */
	log(): string;
	/** The file's text inside. */
	read(path: string): Promise<string>;
	close(): Promise<void>;
}

/** Why a real agent can't be had here, or undefined. */
export function boshAgentMissing(): string | undefined {
	const path = process.env.DAVIT_BOSH_AGENT;
	if (!path) return "DAVIT_BOSH_AGENT names no bosh-agent binary; it is built by hand, from its own source";
	if (!existsSync(path)) return `DAVIT_BOSH_AGENT: there is nothing at ${path}`;
	return sshdMissing();
}

/** What a stemcell has and this system lacks: users and groups, commands that the agent runs at boot, the server's configuration. */
export const STEMCELL = `
for group in admin adm bosh_sshers bosh_sudoers syslog; do getent group $group >/dev/null || groupadd $group; done
getent passwd syslog >/dev/null || useradd --system --gid syslog --no-create-home syslog
getent passwd vcap >/dev/null || useradd --create-home --shell /bin/bash vcap
usermod --append --groups bosh_sshers,admin vcap
mkdir -p /etc/resolvconf/resolv.conf.d /var/vcap/bosh/bin /var/vcap/bosh/etc /var/vcap/monit /etc/service /etc/sv/monit /run/sshd /etc/sudoers.d
stub() { printf '#!/bin/sh\\nexit 0\\n' >"$1"; chmod 755 "$1"; }
stub /usr/local/bin/bosh-agent-rc
stub /usr/local/bin/sv
stub /usr/local/bin/resolvconf
stub /var/vcap/bosh/bin/bosh-start-logging-and-auditing
echo '%bosh_sudoers ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/bosh_sudoers
chmod 440 /etc/sudoers.d/bosh_sudoers
rm -f /etc/ssh/ssh_host_*
ssh-keygen -q -t rsa -b 2048 -N '' -f /etc/ssh/ssh_host_rsa_key
ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
cat >/etc/ssh/sshd_config <<END
Port 22
HostKey /etc/ssh/ssh_host_rsa_key
HostKey /etc/ssh/ssh_host_ed25519_key
UseDNS no
PermitRootLogin no
DenyUsers root
AllowGroups bosh_sshers
PasswordAuthentication no
PermitEmptyPasswords no
MaxAuthTries 3
Banner /etc/issue.net
UsePAM yes
Ciphers aes256-gcm@openssh.com,aes128-gcm@openssh.com,aes256-ctr,aes192-ctr,aes128-ctr
MACs hmac-sha2-512-etm@openssh.com,hmac-sha2-256-etm@openssh.com,umac-128-etm@openssh.com,hmac-sha2-512,hmac-sha2-256,umac-128@openssh.com
END
echo 'Unauthorized use is strictly prohibited.' >/etc/issue.net
`;

/** A root of its own: this system below, memory above. The old one is let go, so that nothing of the machine can be changed. */
const ROOT = `set -e
mount -t tmpfs tmpfs "$1/mnt"
mkdir "$1/mnt/upper" "$1/mnt/work" "$1/mnt/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/mnt/upper,workdir=$1/mnt/work" "$1/mnt/root"
cd "$1/mnt/root"
mount -t proc proc proc
mount --bind /dev dev
mount -t tmpfs tmpfs dev/shm
mkdir -p dev/pts run/agent old
mount --bind "$1/files" run/agent
pivot_root . old
cd /
umount -l /old
ip link set lo up
hostname bosh-agent
`;

/** Starts both with these settings in place of a cloud's user data. The network is there already, as after an image's own start. */
export async function startBoshAgent(settings: Readonly<Record<string, unknown>>): Promise<BoshAgent> {
	const folder = await mkdtemp(join(tmpdir(), "davit-bosh-agent-"));
	await mkdir(join(folder, "mnt"));
	await mkdir(join(folder, "files"));
	const binary = process.env.DAVIT_BOSH_AGENT ?? "";
	await writeFile(join(folder, "files/bosh-agent"), await readFile(binary), { mode: 0o755 });
	await writeFile(join(folder, "files/agent.json"), JSON.stringify(AGENT_CONFIG));
	await writeFile(join(folder, "files/settings.json"), JSON.stringify(preconfigured(settings)), { mode: 0o600 });
	// As a stemcell's runit does, an agent that ends is started again.
	const again =
		"while :; do /run/agent/bosh-agent -P ubuntu -C /run/agent/agent.json -M dummy || true; sleep 0.1; done";
	const run = `/usr/sbin/sshd -D -e &\n${again}\n`;
	await writeFile(join(folder, "enter.sh"), ROOT + STEMCELL + run);
	const namespaces = ["--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--net", "--uts"];
	const child = spawn("unshare", [...namespaces, "/bin/bash", join(folder, "enter.sh"), folder], {
		stdio: ["ignore", "ignore", "pipe"],
	});
	let log = "";
	child.stderr?.on("data", (chunk: Buffer) => {
		log += chunk.toString("utf8");
	});
	const inside = await innerPid(child, () => log);
	const relay = `require("net").connect(process.argv[2],process.argv[1],function(){process.stdin.pipe(this).pipe(process.stdout)}).on("error",(e)=>{console.error(e.message);process.exit(1)})`;
	return {
		dialer: {
			type: "command",
			command: `nsenter --net=/proc/${inside}/ns/net ${process.execPath} -e '${relay}' %h %p`,
		},
		log: () => log,
		read: (path) => readFile(`/proc/${inside}/root${path}`, "utf8"),
		close: () => stop(child, folder),
	};
}

/** The agent's own configuration: its settings are in a file, and disks are let alone (this machine's are no VM's). */
const AGENT_CONFIG = {
	Platform: { Linux: { UseDefaultTmpDir: true, SkipDiskSetup: true, UseMonitIptablesFirewall: true } },
	Infrastructure: { Settings: { Sources: [{ Type: "File", SettingsPath: "/run/agent/settings.json" }] } },
};

function preconfigured(settings: Readonly<Record<string, unknown>>) {
	const networks = Object.entries(settings.networks as Readonly<Record<string, object>>);
	return {
		...settings,
		networks: Object.fromEntries(networks.map(([name, network]) => [name, { ...network, preconfigured: true }])),
	};
}

/** The process that is number 1 inside. */
async function innerPid(child: ChildProcess, log: () => string): Promise<number> {
	for (;;) {
		if (child.exitCode !== null) throw new Error(`the agent's namespaces were not made: ${log()}`);
		const children = await readFile(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").catch(() => "");
		const [pid] = children.trim().split(" ");
		if (pid) return Number(pid);
		await delay(10);
	}
}

async function stop(child: ChildProcess, folder: string): Promise<void> {
	if (child.exitCode === null && child.signalCode === null) {
		child.kill("SIGKILL");
		await once(child, "exit");
	}
	await rm(folder, { recursive: true, force: true });
}
