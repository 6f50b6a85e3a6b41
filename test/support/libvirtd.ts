import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** A real libvirt daemon in namespaces of its own, with a dir pool and managed networks without NAT. */
export interface Libvirtd {
	/** For virsh, from anywhere on this machine. */
	readonly uri: string;
	/** Its first process: `nsenter --net --target PID` reaches the guests' networks, with `--mount` its files too. */
	readonly pid: number;
	readonly folder: string;
	/** Where the volumes of the pool `default` are. */
	readonly poolPath: string;
	virsh(...args: readonly string[]): Promise<string>;
	/** Runs a program in its network namespace. */
	inside(argv: readonly string[]): Promise<string>;
	close(): Promise<void>;
}

export interface LibvirtdOptions {
	/** The subnets of the networks `default`, `second`, …: the first three numbers of each. Default: `10.211.0`. */
	readonly subnets?: readonly string[];
	/** An IPv6 subnet of the first network. */
	readonly ipv6?: string;
	/** False: /dev/kvm is a device that can do nothing. */
	readonly kvm?: boolean;
}

const PROGRAMS: Readonly<Record<string, string>> = {
	"/usr/sbin/libvirtd": "libvirt-daemon-system",
	"/usr/bin/virsh": "libvirt-clients",
	"/usr/bin/qemu-system-x86_64": "qemu-system-x86",
	"/usr/bin/qemu-img": "qemu-utils",
	"/usr/sbin/dnsmasq": "dnsmasq-base",
	"/usr/sbin/ip": "iproute2",
};

/** Why a real libvirtd can't be had here, or undefined. */
export function libvirtdMissing(): string | undefined {
	const missing = Object.entries(PROGRAMS).flatMap(([path, name]) => (existsSync(path) ? [] : [name]));
	if (missing.length > 0) return `there is no libvirt here: apt-get install ${missing.join(" ")}`;
	if (process.getuid?.() !== 0) return "a libvirtd in namespaces of its own needs root";
	return undefined;
}

/** The first process of the new namespaces: it gives libvirt folders of its own, starts it, and reaps what it leaves. */
const START = `set -e
folder=$1
for pair in run:/run lib:/var/lib/libvirt log:/var/log/libvirt etc:/etc/libvirt cache:/var/cache/libvirt; do
  mkdir -p "\${pair#*:}"
  mount --bind "$folder/\${pair%%:*}" "\${pair#*:}"
done
if [ -n "$2" ] && [ -e /dev/kvm ]; then mount --bind /dev/null /dev/kvm; fi
ip link set lo up
virtlogd &
libvirtd &
wait`;

async function writeFolders(folder: string): Promise<void> {
	for (const name of ["run", "lib", "log", "cache", "pool"]) await mkdir(join(folder, name));
	await cp("/etc/libvirt", join(folder, "etc"), { recursive: true });
	await rm(join(folder, "etc/qemu/networks"), { recursive: true, force: true });
	const qemu = ['user = "root"', 'group = "root"', 'security_driver = "none"', "cgroup_controllers = []", ""];
	await writeFile(join(folder, "etc/qemu.conf"), qemu.join("\n"));
	const daemon = ['auth_unix_rw = "none"', 'unix_sock_rw_perms = "0777"', ""];
	await writeFile(join(folder, "etc/libvirtd.conf"), daemon.join("\n"));
}

function networkXml(subnet: string, index: number, ipv6: string | undefined): string {
	const name = ["default", "second", "third"][index] ?? `network-${index}`;
	const six = ipv6 === undefined || index > 0 ? "" : `<ip family='ipv6' address='${ipv6}1' prefix='64'/>`;
	return `<network><name>${name}</name><bridge name='virbr${index}' stp='off'/>
<ip address='${subnet}.1' netmask='255.255.255.0'><dhcp><range start='${subnet}.100' end='${subnet}.200'/></dhcp></ip>${six}
</network>`;
}

/** Starts it. Throws where {@link libvirtdMissing} tells why. */
export async function startLibvirtd({
	subnets = ["10.211.0"],
	ipv6,
	kvm = true,
}: LibvirtdOptions = {}): Promise<Libvirtd> {
	const missing = libvirtdMissing();
	if (missing !== undefined) throw new Error(missing);
	const folder = await mkdtemp(join(tmpdir(), "davit-lv-"));
	await writeFolders(folder);
	const flags = ["--mount", "--propagation", "private", "--net", "--pid", "--fork", "--mount-proc", "--kill-child"];
	const argv = ["--pdeathsig", "KILL", "unshare", ...flags, "bash", "-c", START, "libvirtd", folder, kvm ? "" : "none"];
	const server = spawn("setpriv", argv, { stdio: ["ignore", "ignore", "pipe"] });
	let log = "";
	server.stderr?.on("data", (chunk: Buffer) => {
		log = `${log}${chunk}`.slice(-20_000);
	});
	const uri = `qemu:///system?socket=${folder}/run/libvirt/libvirt-sock`;
	const virsh = async (...args: readonly string[]) =>
		(await execute("virsh", ["--quiet", "--connect", uri, ...args])).stdout.trim();
	try {
		const pid = await firstProcess(
			server,
			() => virsh("version"),
			() => log,
		);
		await virsh("pool-define-as", "default", "dir", "--target", join(folder, "pool"));
		await virsh("pool-start", "default");
		for (const [index, subnet] of subnets.entries()) {
			const file = join(folder, `network-${index}.xml`);
			await writeFile(file, networkXml(subnet, index, ipv6));
			await virsh(`net-define ${file}; net-start ${["default", "second", "third"][index] ?? `network-${index}`}`);
		}
		return {
			uri,
			pid,
			folder,
			poolPath: join(folder, "pool"),
			virsh,
			inside: async (command) =>
				(await execute("nsenter", ["--net", "--target", String(pid), "--", ...command])).stdout,
			close: () => close(server, pid, folder),
		};
	} catch (error) {
		await close(server, undefined, folder);
		throw error;
	}
}

/** Waits until the daemon answers, and gives the pid of its namespaces' first process as this machine sees it. */
async function firstProcess(server: ChildProcess, answers: () => Promise<unknown>, log: () => string): Promise<number> {
	const until = performance.now() + 120_000;
	for (;;) {
		try {
			await answers();
			return Number(readFileSync(`/proc/${server.pid}/task/${server.pid}/children`, "utf8").trim().split(" ")[0]);
		} catch (error) {
			if (server.exitCode !== null || performance.now() > until)
				throw new Error(`libvirtd did not start: ${log()}`, { cause: error });
			await delay(100);
		}
	}
}

/** The namespaces' first process takes all the others along, and the last of them the namespaces. */
async function close(server: ChildProcess, pid: number | undefined, folder: string): Promise<void> {
	if (server.exitCode === null && server.signalCode === null) {
		const ended = new Promise((resolve) => server.once("close", resolve));
		if (pid !== undefined) process.kill(pid, "SIGKILL");
		else server.kill("SIGKILL");
		await ended;
	}
	await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
}
