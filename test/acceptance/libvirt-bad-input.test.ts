import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { openWorld, type World, withWorld } from "../support/acceptance.ts";
import { readState } from "../support/acceptance-state.ts";
import { expectFailure } from "../support/bad-input.ts";
import { type Libvirtd, libvirtdMissing, startLibvirtd } from "../support/libvirtd.ts";
import { users } from "../support/ordinary-user.ts";
import { sshdMissing, startSshd } from "../support/sshd.ts";
import { tinyGuestImage } from "../support/tiny-guest.ts";
import { tinyGroup, tinyManifest, writeTinyRelease } from "../support/tiny-release.ts";

const missing = libvirtdMissing() ?? sshdMissing();
const tiny = { volume: "tiny" };
/** What the guest of the image `talking` writes on its console. */
const TALK = Array.from({ length: 25 }, (_, index) => `message ${index}\r\n`).join("");
/** davit waits ten minutes for a VM to answer. */
const FIRST_CONTACT_MS = 700_000;

let libvirtd: Libvirtd;
let inside: { readonly name: string; readonly argv: readonly string[] };
/** A deploy of a VM that never answers, begun first: the other tests run while it waits. */
let silent: World;
let waiting: Promise<void>;

interface Inputs {
	readonly properties?: Readonly<Record<string, unknown>>;
	readonly subnet?: Readonly<Record<string, unknown>>;
	readonly stemcell?: Readonly<Record<string, unknown>>;
}

/** A cloud file, as data: JSON is YAML. Networks: libvirt's `default` if the subnet names none. */
function cloudFile({ properties = {}, subnet = {}, stemcell = { cloud_properties: tiny } }: Inputs): string {
	const range = { range: "10.211.0.0/24", gateway: "10.211.0.1", reserved: ["10.211.0.2-10.211.0.19"], azs: ["z1"] };
	const cloud = {
		cpis: [
			{ name: "libvirt", type: "libvirt", properties: { uri: libvirtd.uri, virtualization: "qemu", ...properties } },
		],
		azs: [{ name: "z1" }],
		vm_types: [{ name: "minimal", cloud_properties: { memory: 32, ephemeral_disk: 8 } }],
		networks: [{ name: "default", type: "manual", subnets: [{ ...range, ...subnet }] }],
		compilation: { workers: 1, az: "z1", network: "default", vm_type: "minimal" },
		stemcells: [{ os: "local", version: "1", kind: "prepared", ...stemcell }],
	};
	return JSON.stringify(cloud);
}

const DEPLOY = ["deploy", "tiny.yml", "--cloud", "cloud.yml"];

function writeInputs(world: World, inputs: Inputs): void {
	writeTinyRelease(world, "release", { jobs: { app: {} } });
	world.write("tiny.yml", tinyManifest([tinyGroup("web")]));
	world.write("cloud.yml", cloudFile(inputs));
}

/** Of all that a deploy says, why it failed, without what is another's on each machine. */
const same = (text: string) =>
	text
		.slice(text.search(/^error: /m))
		.replaceAll(libvirtd.folder, "LIBVIRT")
		.replace(/\b(vm|stemcell)-[0-9a-f]{15}\b/g, "$1-CID")
		// Where libvirt notices that a file is not whole is a matter of chance.
		.replace(/cannot (send data to|close) volume/, "cannot send data to volume")
		.replace(/SHA256:[\w+/]{43}/g, "FINGERPRINT");

/** VMs, their volumes and their leases, by the part of their name that tells what they are. */
const left = async () =>
	(await libvirtd.virsh(`vol-list default; list --all --name; net-dumpxml default`)).match(
		/\b(vm|disk)-[0-9a-f]{15}\S*|<host .*/g,
	) ?? [];

/** The deploy fails as the golden file says, and nothing of its VM is at the host or in the state. */
async function expectRefused(world: World, name: string, inputs: Inputs): Promise<void> {
	writeInputs(world, inputs);
	const before = await left();
	await expectFailure(world, DEPLOY, name, { same });
	expect(await left()).toEqual(before);
	const { instances, openIntents } = readState(world.home);
	expect({ vms: instances.flatMap(({ vm }) => vm ?? []), openIntents }).toEqual({ vms: [], openIntents: 0 });
}

/** Of a deploy whose libvirt can't be asked nobody can say that it left nothing: it is asked elsewhere, in vain once more, and deleted. */
async function mend(world: World): Promise<void> {
	writeInputs(world, { subnet: { cloud_properties: { name: "absent" } } });
	expect(await world.davit(DEPLOY)).toMatchObject({ code: 1 });
}

/** The VM of the world's only instance has said on its console all that it has to say. */
async function expectTalking({ home }: World): Promise<void> {
	const console = () => {
		const cid = readState(home).instances[0]?.vm?.cid;
		return cid === undefined ? "" : readFileSync(join(libvirtd.poolPath, `${cid}.console.log`), "latin1");
	};
	await vi.waitFor(() => expect(console()).toContain("message 24"), { timeout: 120_000, interval: 500 });
}

const inNamespaces = (...argv: readonly string[]) =>
	execFileSync("nsenter", ["--mount", "--net", "--target", String(libvirtd.pid), "--", ...argv]);

describe.skipIf(missing !== undefined)(`bad input on libvirt${missing ? ` (${missing})` : ""}`, () => {
	beforeAll(async () => {
		libvirtd = await startLibvirtd({ subnets: ["10.211.0", "10.212.0"], ipv6: "fd00:211::" });
		inside = { name: "root", argv: ["nsenter", "--net", "--target", String(libvirtd.pid), "--"] };
		await libvirtd.virsh("net-destroy second");
		writeFileSync(join(libvirtd.poolPath, "tiny"), tinyGuestImage());
		writeFileSync(join(libvirtd.poolPath, "talking"), tinyGuestImage(TALK));
		silent = openWorld(inside);
		const talking = { cloud_properties: { volume: "talking" } };
		writeInputs(silent, { stemcell: talking, subnet: { reserved: ["10.211.0.2-10.211.0.9"] } });
		waiting = expectFailure(silent, DEPLOY, "a guest that never answers", {
			same,
			options: { longestMs: FIRST_CONTACT_MS },
		});
		// It is told by the test that awaits it.
		waiting.catch(() => {});
		// From here on all that it makes is there.
		await expectTalking(silent);
	});
	afterAll(async () => {
		await silent?.close();
		await libvirtd?.close();
	});

	const cases: readonly (readonly [string, () => Inputs])[] = [
		["a pool that does not exist", () => ({ properties: { pool: "absent" } })],
		["a libvirt daemon that does not run", () => ({ properties: { uri: "qemu:///system?socket=/nowhere" } })],
		["a network of libvirt that does not exist", () => ({ subnet: { cloud_properties: { name: "absent" } } })],
		[
			"a network of libvirt that is not started",
			() => ({
				subnet: { range: "10.212.0.0/24", gateway: "10.212.0.1", reserved: [], cloud_properties: { name: "second" } },
			}),
		],
		["a bridge that does not exist", () => ({ subnet: { cloud_properties: { bridge: "absent" } } })],
		[
			"an address outside of libvirt's network",
			() => ({ subnet: { range: "10.9.0.0/24", gateway: "10.9.0.1", reserved: [] } }),
		],
		[
			"an IPv6 address outside of libvirt's network",
			() => ({ subnet: { range: "fd00:9::/64", gateway: "fd00:9::1", reserved: [] } }),
		],
		["an address that is the host's own", () => ({ subnet: { gateway: "10.211.0.254", reserved: [] } })],
		["an image that libvirt does not have", () => ({ stemcell: { cloud_properties: { volume: "absent" } } })],
	];

	test.each(cases)("%s", (name, inputs) =>
		withWorld(inside, async (world) => {
			await expectRefused(world, name, inputs());
			await mend(world);
		}),
	);

	test("a pool that is not started, and one that is full", () =>
		withWorld(inside, async (world) => {
			const folder = join(libvirtd.folder, "small");
			await libvirtd.virsh(`pool-define-as small dir --target ${folder}`);
			const properties = { pool: "small" };
			await expectRefused(world, "a pool that is not started", { properties });
			mkdirSync(folder);
			inNamespaces("mount", "-t", "tmpfs", "-o", "size=768k", "tmpfs", folder);
			await libvirtd.virsh("pool-start small");
			writeFileSync(join(world.folder, "tiny.raw"), tinyGuestImage());
			const image = { stemcell: { file: "tiny.raw" } };
			await expectRefused(world, "a pool that is full of an image", { properties, ...image });
			expect(await libvirtd.virsh("vol-list", "small")).not.toMatch(/vm-|disk-/);
			// Room for the image, and for the first of a VM's volumes.
			inNamespaces("mount", "-o", "remount,size=1280k", folder);
			await libvirtd.virsh("pool-refresh small");
			await expectRefused(world, "a pool that is full of a VM", { properties, ...image });
			expect(await libvirtd.virsh("vol-list", "small")).not.toMatch(/vm-|disk-/);
		}));

	test("a user who may not use libvirt's socket", () =>
		withWorld(users.at(-1) ?? inside, async (world) => {
			await expectRefused(world, "a user who may not use libvirt's socket", {});
			chmodSync(libvirtd.folder, 0o755);
			await mend(world);
		}));

	test("an image that takes no key from davit: SSH answers there with a key of its own", () =>
		withWorld(inside, async (world) => {
			const [namespace, address] = [`davit-lv-${process.pid}`, "10.211.0.20"];
			writeInputs(world, { stemcell: { cloud_properties: { volume: "talking" } } });
			const failing = expectFailure(world, DEPLOY, "an image that takes no key from davit", { same });
			await expectTalking(world);
			execFileSync("ip", ["netns", "attach", namespace, String(libvirtd.pid)]);
			try {
				await libvirtd.inside(["ip", "address", "add", `${address}/32`, "dev", "lo"]);
				const sshd = await startSshd({ network: { namespace, address }, config: ["Port 22"] });
				await failing;
				await sshd.close();
			} finally {
				execFileSync("ip", ["netns", "delete", namespace]);
			}
		}));

	test("a guest that never answers: the end of its console is shown", async () => {
		await waiting;
		const deleted = await silent.davit(["delete-deployment", "-n"]);
		expect(deleted, deleted.stderr).toMatchObject({ code: 0 });
		expect(await left()).toEqual([]);
	});
});

describe.skipIf(missing !== undefined)("a host without hardware virtualisation", () => {
	beforeAll(async () => {
		libvirtd = await startLibvirtd({ kvm: false });
		writeFileSync(join(libvirtd.poolPath, "tiny"), tinyGuestImage());
	});
	afterAll(() => libvirtd?.close());

	test("whose VMs should have it", () =>
		withWorld({ name: "root", argv: [] }, (world) =>
			expectRefused(world, "a host without hardware virtualisation", { properties: { virtualization: "kvm" } }),
		));
});
