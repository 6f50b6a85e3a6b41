import { execFile } from "node:child_process";
import { createReadStream } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { CreatedVm, DiskCid, VmRequest } from "../../src/cpi/cpi.ts";
import { loadCpi } from "../../src/cpi/registry.ts";
import { generateKeyPair } from "../../src/ssh/keys.ts";
import { type Libvirtd, libvirtdMissing, startLibvirtd } from "../support/libvirtd.ts";
import { plainImage, whyNoImage } from "../support/stemcell-image.ts";
import { decorated, newKey, newOwner } from "./cpi/cloud.ts";

const missing = libvirtdMissing() ?? whyNoImage;
const minutes = (count: number) => count * 60_000;
const patient = { signal: new AbortController().signal, deadlineMs: minutes(15) };
const owner = newOwner();
const [hostKey, login] = [generateKeyPair("guest host"), generateKeyPair("guest login")];
const IP = "10.213.0.10";
const IPV6 = "fd00:213::10";

let libvirtd: Libvirtd;
let cpi: Awaited<ReturnType<typeof openCpi>>;

async function openCpi() {
	const properties = { uri: libvirtd.uri, virtualization: "qemu" };
	const env = { PATH: process.env.PATH, HOME: libvirtd.folder };
	return decorated(await (await loadCpi("libvirt"))({ name: "libvirt", properties, home: libvirtd.folder, env }));
}

/** Runs a script as root on the guest: OpenSSH's own client, in libvirt's network namespace, which knows the seeded host key only. */
async function run(ip: string, script: string): Promise<string> {
	const [key, known] = [join(libvirtd.folder, "login"), join(libvirtd.folder, "known_hosts")];
	await writeFile(key, login.privateKey, { mode: 0o600 });
	await writeFile(known, `${ip} ${hostKey.publicKey}\n`);
	const strict = ["BatchMode=yes", "StrictHostKeyChecking=yes", `UserKnownHostsFile=${known}`];
	// cloud-init restarts sshd once more after it has let in the first.
	const options = [...strict, "ConnectTimeout=20", "ConnectionAttempts=30"];
	const ssh = ["ssh", "-F", "none", "-i", key, ...options.flatMap((option) => ["-o", option]), `davit@${ip}`];
	const argv = ["--net", "--target", String(libvirtd.pid), "--", ...ssh, "sudo", "sh", "-c", `'${script}'`];
	return (await promisify(execFile)("nsenter", argv)).stdout;
}

async function bootedAt(ip: string, since = ""): Promise<string> {
	let boot = "";
	await expect
		.poll(
			async () => {
				boot = await run(ip, "cat /proc/sys/kernel/random/boot_id").catch(() => "");
				return boot !== "" && boot !== since;
			},
			{ timeout: minutes(8), interval: 1_000 },
		)
		.toBe(true);
	return boot;
}

function request(stemcell: VmRequest["stemcell"]): VmRequest {
	const own = { dns: ["10.213.0.1"], cloudProperties: { name: "default", mtu: 1400 } };
	return {
		key: newKey(),
		owner,
		name: "데이터베이스/0",
		stemcell,
		cloudProperties: { cpus: 2, memory: 768, ephemeral_disk: 64, root_disk: { size: 4096 } },
		networks: {
			private: { type: "manual", ip: IP, prefix: 24, gateway: "10.213.0.1", default: ["gateway", "dns"], ...own },
			six: { type: "manual", ip: IPV6, prefix: 64, default: [], ...own },
			any: { type: "dynamic", dns: [], default: [], cloudProperties: { name: "second" } },
		},
		disks: [],
		seed: { hostname: "database-0", loginUser: "davit", authorizedKeys: [login.publicKey], hostKey },
		env: {},
		metadata: {},
	};
}

beforeAll(async () => {
	if (missing !== undefined) return;
	libvirtd = await startLibvirtd({ subnets: ["10.213.0", "10.214.0"], ipv6: "fd00:213::" });
	cpi = await openCpi();
}, minutes(2));
afterAll(async () => {
	await libvirtd?.close();
}, minutes(1));

test("a real guest from a heavy image: entered at its addresses, with disks that come, grow and go while it runs", {
	timeout: minutes(25),
}, async ({ skip }) => {
	if (missing !== undefined) return skip(missing);
	const image = await plainImage();
	const cloudProperties = { disk_format: "qcow2", name: "from a stemcell.MF" };
	const open = async () => createReadStream(image);
	const stemcell = await cpi.createStemcell(
		{ key: newKey(), owner, os: "debian-12", version: "1", cloudProperties, open },
		patient,
	);
	const vm = await cpi.createVm(request(stemcell), patient);
	const first = await bootedAt(IP);
	await expectSeeded(vm);
	await expectDisks(vm);
	await cpi.rebootVm(vm.cid, patient);
	await bootedAt(IP, first);
	// sshd answers before the console asks for a login.
	const console = async () => (await cpi.consoleLog?.(vm.cid, patient)) ?? "";
	await expect.poll(console, { timeout: minutes(3), interval: 1_000 }).toContain("login:");
	await cpi.deleteVm(vm.cid, patient);
	await cpi.deleteStemcell(stemcell, patient);
	const left = await libvirtd.virsh("vol-list default; list --all --name; net-dumpxml default");
	expect(left).not.toMatch(/vm-|stemcell-|<host /);
});

async function expectSeeded({ ips, ephemeralDisk }: CreatedVm): Promise<void> {
	expect(ips).toEqual({ private: IP, six: IPV6, any: expect.stringMatching(/^10\.214\.0\.\d+$/) });
	expect(ephemeralDisk).toEqual({ kind: "serial", serial: "davit-ephemeral" });
	const seen = await run(
		IP,
		"hostname; grep database-0 /etc/hosts; cat /sys/class/net/eth0/mtu; ls /dev/disk/by-id; df -m / | tail -n 1; ip route show default; ls /etc/ssh/*.pub",
	);
	expect(seen).toMatch(/^database-0\n/);
	expect(seen).toMatch(/^127\.0\.1\.1\s+.*database-0/m);
	expect(seen).toContain("\n1400\n");
	expect(seen).toContain("virtio-davit-ephemeral");
	expect(Number(/\/dev\/vda1\s+(\d+)/.exec(seen)?.[1])).toBeGreaterThan(3500);
	expect(seen.match(/^default .*/gm)).toEqual([expect.stringContaining("via 10.213.0.1 dev eth0")]);
	expect(seen.match(/ssh_host.*/g)).toEqual(["ssh_host_ed25519_key.pub"]);
	expect(await run(IPV6, "id -u")).toBe("0\n");
	expect(await run(ips.any ?? "", "id -u")).toBe("0\n");
}

/** A snapshot holds what was on the disk when it began, however much the guest writes meanwhile. */
async function expectDisks({ cid }: CreatedVm): Promise<void> {
	const made = (sizeMib: number) =>
		cpi.createDisk({ key: newKey(), owner, sizeMib, cloudProperties: {}, vm: cid, metadata: {} }, patient);
	const disk = (await made(64)) as DiskCid;
	const hint = await cpi.attachDisk(cid, disk, { ...patient, mountPoint: "/var/vcap/store" });
	if (hint.kind !== "serial") throw new Error("no serial");
	expect(hint.serial.length).toBeLessThanOrEqual(20);
	const device = `/dev/disk/by-id/virtio-${hint.serial}`;
	const size = () => run(IP, `udevadm settle; blockdev --getsize64 ${device}`);
	await expect.poll(size, { timeout: minutes(1) }).toBe(`${64 * 2 ** 20}\n`);
	await cpi.resizeDisk(disk, 128, patient);
	await expect.poll(size, { timeout: minutes(1) }).toBe(`${128 * 2 ** 20}\n`);
	await run(IP, `yes before | dd of=${device} bs=1M count=64 iflag=fullblock oflag=direct status=none`);
	const writing = run(IP, `yes after | dd of=${device} bs=1M count=64 iflag=fullblock oflag=direct status=none`);
	const snapshot = await cpi.snapshotDisk(disk, { key: newKey(), owner, metadata: {} }, patient);
	await writing;
	expect(await consistent(join(libvirtd.poolPath, `${snapshot}.qcow2`))).toBe(true);
	await cpi.deleteSnapshot(snapshot, patient);
	await cpi.detachDisk(cid, disk, patient);
	expect(await cpi.getDisks(cid, patient)).toEqual([]);
	expect(await run(IP, "ls /dev/disk/by-id")).not.toContain(hint.serial);
	await cpi.deleteDisk(disk, patient);
}

/** True if the image holds what the guest had written first to last: new blocks, then old ones, never mixed. */
async function consistent(file: string): Promise<boolean> {
	const raw = `${file}.raw`;
	await promisify(execFile)("qemu-img", ["convert", "-O", "raw", file, raw]);
	const { stdout } = await promisify(execFile)("sh", [
		"-c",
		`head -c 67108864 "$1" | tr -d '\\n' | fold -w 4096 | cut -c 1-64 | sed -n '/before/s/.*/b/p; /after/s/.*/a/p' | uniq | tr -d '\\n'`,
		"sh",
		raw,
	]);
	return /^a?b?$/.test(stdout);
}
