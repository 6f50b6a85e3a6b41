import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { waitForFirstContact } from "../../src/ssh/first-contact.ts";
import { generateKeyPair } from "../../src/ssh/keys.ts";
import { createSsh } from "../../src/ssh/pool.ts";
import type { Ssh, SshConnection, SshTarget } from "../../src/ssh/ssh.ts";
import type { Machine, MachineRun } from "../contract/machine-contract.ts";
import { consoleTail, type GuestDisk, type Qemu, rawBlock, startQemu } from "./guest-qemu.ts";
import { writeSeed } from "./guest-seed.ts";
import { onPath } from "./on-path.ts";
import { realClock } from "./real-clock.ts";
import { freePort } from "./sshd.ts";

export interface GuestOptions {
	/** A qcow2 image; it is never written. */
	readonly image: string;
	readonly memoryMib?: number;
	readonly disks?: readonly GuestDisk[];
	/** A port of 127.0.0.1 that the guest may reach, see `HOST_FOR_GUEST`. */
	readonly reaches?: number;
	/** More of cloud-init's `#cloud-config`, whole top-level keys. */
	readonly userData?: string;
	/** How long it may take from power-on to the first root shell, in ms. */
	readonly bootMs?: number;
}

/** A real guest: a kernel, systemd, cloud-init, OpenSSH and sudo of their own, run by QEMU. */
export interface Guest extends Machine {
	/** The guest's login user, and a connection of davit's own to it. */
	readonly user: string;
	connect(): Promise<SshConnection>;
	/** Drops the kept connection under whatever runs on it. */
	disconnect(): void;
	/** A folder of the guest's, for disk images. */
	readonly folder: string;
	/** Plugs a disk in while it runs. */
	attach(disk: GuestDisk): Promise<void>;
	detach(serial: string): Promise<void>;
	/** Makes a disk that is plugged in bigger, in place. */
	grow(serial: string, bytes: number): Promise<void>;
	/** A power cut; `without` names disks that are gone when it comes back. */
	reboot(options?: { readonly without?: readonly string[] }): Promise<void>;
	console(): string;
}

const USER = "davit";

/** Why no guest can be had here, or undefined. */
export function guestMissing(): string | undefined {
	if (onPath("qemu-system-x86_64", "qemu-img", "genisoimage")) return undefined;
	return "guests need QEMU and a seed's image: apt-get install qemu-system-x86 qemu-utils genisoimage";
}

/** Boots a guest and waits until a script runs on it as root. */
export async function openGuest(options: GuestOptions): Promise<Guest> {
	const folder = mkdtempSync(join(tmpdir(), "davit-guest-"));
	const hostKey = generateKeyPair("guest host");
	const login = generateKeyPair("guest login");
	const seed = writeSeed(folder, { user: USER, login, hostKey, more: options.userData ?? "" });
	const root = join(folder, "root.qcow2");
	execFileSync("qemu-img", ["create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", options.image, root]);
	const ssh = createSsh({ clock: realClock, deadlines: { dial: 30_000, banner: 60_000, authentication: 120_000 } });
	const target: SshTarget = {
		name: "guest",
		host: "127.0.0.1",
		port: await freePort(),
		user: USER,
		privateKey: login.privateKey,
		hostKeys: [hostKey.publicKey],
		dialer: { type: "direct" },
	};
	const machine = new PoweredGuest(folder, { root, seed, ssh, target, options });
	await machine.powerOn();
	return machine;
}

interface Parts {
	readonly root: string;
	readonly seed: string;
	readonly ssh: Ssh;
	readonly target: SshTarget;
	readonly options: GuestOptions;
}

class PoweredGuest implements Guest {
	readonly user = USER;
	readonly folder: string;
	private readonly parts: Parts;
	private readonly disks: Map<string, GuestDisk>;
	private qemu: Qemu | undefined;

	constructor(folder: string, parts: Parts) {
		this.folder = folder;
		this.parts = parts;
		this.disks = new Map(parts.options.disks?.map((disk) => [disk.serial, disk]));
	}

	async powerOn(): Promise<void> {
		const { root, seed, ssh, target, options } = this.parts;
		try {
			this.qemu = await startQemu({
				folder: this.folder,
				root,
				seed,
				sshPort: target.port,
				...(options.reaches === undefined ? {} : { reaches: options.reaches }),
				disks: [...this.disks.values()],
				memoryMib: options.memoryMib ?? 1024,
			});
			const signal = new AbortController().signal;
			await waitForFirstContact(ssh, target, { clock: realClock, signal, deadlineMs: options.bootMs ?? 900_000 });
		} catch (error) {
			const said = this.console();
			const why = this.qemu?.ended() ?? (error instanceof Error ? error.message : String(error));
			await this.close();
			throw new Error(`the guest never answered: ${why}\nits console's last lines:\n${said}`, { cause: error });
		}
	}

	connect(): Promise<SshConnection> {
		return this.parts.ssh.connect(this.parts.target, { signal: AbortSignal.timeout(240_000) });
	}

	disconnect(): void {
		this.parts.ssh.disconnect(this.parts.target);
	}

	async run(script: string, stdin?: string | Uint8Array): Promise<MachineRun> {
		const connection = await this.connect();
		const signal = AbortSignal.timeout(420_000);
		const ran = await connection.run(script, { signal, ...(stdin === undefined ? {} : { stdin }) });
		// As davit does: the login user's id has changed, so what runs under the old one has another's rights.
		if (ran.stdout.includes('"reconnect":true')) this.disconnect();
		return ran;
	}

	async attach(disk: GuestDisk): Promise<void> {
		const { serial, file } = disk;
		await this.monitor.command("blockdev-add", rawBlock(serial, file));
		await this.monitor.command("device_add", {
			driver: "virtio-blk-pci",
			drive: serial,
			serial,
			id: `device-${serial}`,
		});
		this.disks.set(serial, disk);
	}

	async detach(serial: string): Promise<void> {
		const device = `device-${serial}`;
		const gone = this.monitor.event("DEVICE_DELETED", device);
		await this.monitor.command("device_del", { id: device });
		await gone;
		await this.monitor.command("blockdev-del", { "node-name": serial });
		this.disks.delete(serial);
	}

	async grow(serial: string, bytes: number): Promise<void> {
		await this.monitor.command("block_resize", { "node-name": serial, size: bytes });
	}

	async reboot({ without = [] }: { readonly without?: readonly string[] } = {}): Promise<void> {
		this.disconnect();
		await this.qemu?.kill();
		for (const serial of without) this.disks.delete(serial);
		await this.powerOn();
	}

	console(): string {
		return consoleTail(this.folder);
	}

	async close(): Promise<void> {
		this.parts.ssh.close();
		await this.qemu?.kill();
		rmSync(this.folder, { recursive: true, force: true });
	}

	private get monitor(): Qemu {
		if (!this.qemu) throw new Error("the guest is off");
		return this.qemu;
	}
}

/** An empty disk of this size for {@link Guest.attach}: all zeros, and takes no room. */
export function blankDisk(folder: string, serial: string, mib: number): GuestDisk {
	const file = join(folder, `${serial}.raw`);
	writeFileSync(file, "");
	truncateSync(file, mib * 1024 * 1024);
	return { serial, file };
}
