import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { expect } from "vitest";
import { openWorld, type World } from "./acceptance.ts";
import { type Libvirtd, libvirtdMissing, startLibvirtd } from "./libvirtd.ts";
import { type OperatorSide, openOperatorSide } from "./operator-side.ts";
import { preparedImage, whyNoImage } from "./stemcell-image.ts";

const manifests = join(import.meta.dirname, "../../manifests");
/** Without KVM a guest takes a processor for minutes, and some machines emulate three times as slowly as others. */
const longestMs = 1_700_000;
const env = { npm_config_cache: join(tmpdir(), "davit-acceptance-npm-guests") };

/** Why this machine can't run it, if it can't. */
export const platformMissing = libvirtdMissing() ?? whyNoImage;

/** The example platform's inputs, a libvirt host, and an operator who sees the guests' network through a jump host only. */
export interface LibvirtPlatform {
	readonly libvirt: Libvirtd;
	readonly world: World;
	/** Runs `davit deploy` and its options; it must end well. Returns what it told. */
	deploy(): Promise<string>;
	vms(): Promise<readonly { instance: string; state: string; vm_cid: string }[]>;
	/** Of an instance; empty, if it has none. */
	cidOf(instance: string): Promise<string>;
	/** What a command on database/0 prints. */
	onDatabase(command: string): Promise<string>;
	/** Resolves when database/0 has started anew. */
	untilBootedAgain(before: string): Promise<void>;
	/** `davit delete-deployment`, after which only the orphaned disk and the stemcell may be left at the host. */
	deleteAll(): Promise<void>;
	close(): Promise<void>;
}

/** The example's cloud file for this host, whose network only the jump host sees. */
function cloudFile({ uri }: Libvirtd, { jump, address }: OperatorSide): string {
	return `${readFileSync(join(manifests, "cloud/libvirt.yml"), "utf8").replace("uri: qemu:///system", `uri: ${uri}\n    virtualization: qemu`)}
ssh:
  dialer:
    jump:
    - host: ${address}
      port: ${jump.port}
      user: ops
      host_keys: [${jump.hostKey.publicKey}]
      private_key: ${JSON.stringify(jump.login.privateKey)}
`;
}

/** No registry is reached from the operator's side: what npm fetched on this one is there. */
async function fetchPackages(): Promise<void> {
	const blobs = readFileSync(join(manifests, "../releases/min-platform/config/blobs.yml"), "utf8");
	const packages = [...blobs.matchAll(/npm: "?([^\s"]+)/g)]
		.map(([, name = ""]) => name)
		.filter((name) => !name.includes("arm64"));
	await promisify(execFile)("npm", ["cache", "add", ...packages], { env: { ...process.env, ...env } });
}

/**
 * Opens it. Needs root.
 * @param write puts another manifest into the operator's folder, and gives its path; manifests/min-4.yml unless given.
 */
export async function openLibvirtPlatform(write?: (world: World) => string): Promise<LibvirtPlatform> {
	const libvirt = await startLibvirtd();
	await libvirt.virsh(`net-define ${join(manifests, "cloud/libvirt-network.xml")}; net-start davit`);
	const operator = await openOperatorSide(libvirt.pid);
	const world = openWorld({ name: "root", argv: operator.argv });
	world.write("cloud.yml", cloudFile(libvirt, operator));
	const stemcell = `debian-12/latest=prepared:${await preparedImage()}`;
	const manifest = write?.(world) ?? join(manifests, "min-4.yml");
	const argv = ["deploy", manifest, "--cloud", "cloud.yml", "--stemcell", stemcell, "-n"];
	if (!write) await fetchPackages();
	const vms: LibvirtPlatform["vms"] = async () => {
		const { stdout } = await world.davit(["vms", "--json"]);
		return stdout
			.trim()
			.split("\n")
			.flatMap((line) => JSON.parse(line).rows ?? []);
	};
	const onDatabase = async (command: string) => (await world.davit(["ssh", "database/0", "-c", command])).stdout;
	return {
		libvirt,
		world,
		deploy: async () => {
			const { code, stderr } = await world.davit(argv, { longestMs, env });
			expect(code, stderr).toBe(0);
			return stderr;
		},
		vms,
		cidOf: async (name) => (await vms()).find(({ instance }) => instance === name)?.vm_cid ?? "",
		onDatabase,
		untilBootedAgain: (before) =>
			expect
				.poll(() => onDatabase(BOOT_ID), { timeout: longestMs, interval: 10_000 })
				.not.toMatch(new RegExp(`^(${before.trim()})?$`)),
		deleteAll: async () => {
			const { code, stderr } = await world.davit(["delete-deployment", "-n"], { longestMs });
			expect(code, stderr).toBe(0);
			expect(await libvirt.virsh("list", "--all", "--name")).toBe("");
			const volumes = (await libvirt.virsh("vol-list", "default"))
				.split("\n")
				.map((line) => line.trim().split(/\s+/)[0] ?? "");
			expect(volumes.filter((name) => !/^(disk|stemcell)-/.test(name))).toEqual([]);
		},
		close: async () => {
			await world.davit(["delete-deployment", "-n", "--skip-drain"], { longestMs });
			await world.close();
			await operator.close();
			await libvirt.close();
		},
	};
}

/** Prints another line after each boot. */
export const BOOT_ID = "cat /proc/sys/kernel/random/boot_id";
