import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { CpiSettings } from "../../src/cpi/cpi.ts";
import type { Cloud } from "../contract/cpi/cloud.ts";
import { type CpiProcess, startCpi } from "./cpi-process.ts";
import { type Libvirtd, startLibvirtd } from "./libvirtd.ts";
import { tinyGuestImage } from "./tiny-guest.ts";

export interface LibvirtCloud extends Cloud {
	readonly libvirtd: Libvirtd;
	readonly settings: CpiSettings;
}

const free = (prefix: string, first: number, count: number) =>
	Array.from({ length: count }, (_, index) => `${prefix}${(first + index).toString()}`);

/** A real libvirtd whose guests are boot sectors, each davit in a process of its own. Volumes, domains and leases are its residue. */
export async function openLibvirtCloud(): Promise<LibvirtCloud> {
	const libvirtd = await startLibvirtd({ subnets: ["10.211.0", "10.212.0"], ipv6: "fd00:211::" });
	const { virsh, poolPath, uri } = libvirtd;
	await writeFile(join(poolPath, "tiny"), tinyGuestImage());
	const settings: CpiSettings = {
		name: "libvirt",
		properties: { uri, virtualization: "qemu", reboot_grace_seconds: 60 },
		home: libvirtd.folder,
		env: { PATH: process.env.PATH, HOME: libvirtd.folder },
	};
	const started: CpiProcess[] = [];
	const lines = async (...args: readonly string[]) =>
		(await virsh(...args)).split("\n").flatMap((line) => line.trim().split(/\s+/)[0] || []);
	const network = { prefix: 24, dns: ["10.211.0.1"] };
	return {
		libvirtd,
		settings,
		connect: async () => {
			const child = await startCpi({ name: "root", argv: [] }, "libvirt", settings);
			started.push(child);
			return child;
		},
		image: { os: "tiny", version: "1", cloudProperties: { volume: "tiny" } },
		vm: { memory: 32, ephemeral_disk: 8 },
		disk: {},
		diskSizes: [8, 16, 32],
		networks: [
			{ ...network, free: free("10.211.0.", 10, 10), gateway: "10.211.0.1", cloudProperties: { name: "default" } },
			// The host's bridge, without libvirt's network behind it.
			{ ...network, free: free("10.212.0.", 10, 2), gateway: "10.212.0.1", cloudProperties: { bridge: "virbr1" } },
		],
		ipv6: {
			free: free("fd00:211::", 10, 2),
			prefix: 64,
			gateway: "fd00:211::1",
			dns: [],
			cloudProperties: { name: "default" },
		},
		pullPlug: async (vm) => {
			await virsh("destroy", vm);
		},
		residue: async () => {
			const volumes = (await lines("vol-list", "default")).filter(
				(name) => name !== "tiny" && !/^stemcell-/.test(name),
			);
			const leases = (await virsh("net-dumpxml", "default")).match(/<host [^>]*>/g) ?? [];
			return [...volumes, ...(await lines("list", "--all", "--name")), ...leases];
		},
		close: async () => {
			for (const child of started) await child.kill();
			await libvirtd.close();
		},
	};
}
