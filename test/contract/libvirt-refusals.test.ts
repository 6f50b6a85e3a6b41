import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Cpi, VmRequest } from "../../src/cpi/cpi.ts";
import { loadCpi } from "../../src/cpi/registry.ts";
import { type Libvirtd, libvirtdMissing, startLibvirtd } from "../support/libvirtd.ts";
import { tinyGuestImage } from "../support/tiny-guest.ts";
import { guest, newKey, newOwner, patient } from "./cpi/cloud.ts";

const missing = libvirtdMissing();
const owner = newOwner();
let libvirtd: Libvirtd;

beforeAll(async () => {
	if (missing !== undefined) return;
	libvirtd = await startLibvirtd();
	await writeFile(join(libvirtd.poolPath, "tiny"), tinyGuestImage());
});
afterAll(async () => {
	await libvirtd?.close();
});

async function openCpi(properties: Record<string, unknown> = {}, env = {}): Promise<Cpi> {
	const given = { uri: libvirtd.uri, virtualization: "qemu", ...properties };
	const settings = {
		name: "libvirt",
		properties: given,
		home: libvirtd.folder,
		env: { PATH: process.env.PATH, ...env },
	};
	return (await loadCpi("libvirt"))(settings);
}

const disk = (more = {}) => ({ key: newKey(), owner, sizeMib: 8, cloudProperties: {}, metadata: {}, ...more });
const image = (more = {}) => ({ key: newKey(), owner, os: "tiny", version: "1", cloudProperties: {}, ...more });

function vm(stemcell: VmRequest["stemcell"], cloudProperties: Record<string, unknown>, ip = "10.211.0.9"): VmRequest {
	const network = { type: "manual", ip, prefix: 24, dns: [], default: [], cloudProperties } as const;
	const seed = { hostname: "x", loginUser: "davit", authorizedKeys: [], hostKey: guest.hostKey };
	const properties = { memory: 32, ephemeral_disk: 0 };
	return {
		...disk(),
		name: "x/0",
		stemcell,
		cloudProperties: properties,
		networks: { n: network },
		disks: [],
		seed,
		env: {},
	};
}

async function left(): Promise<string> {
	return (await libvirtd.virsh("vol-list default; list --all --name; net-dumpxml default")).replace(/^ tiny .*$/m, "");
}

test.skipIf(missing !== undefined)("where nothing can be done it is said why, and what helps", async () => {
	const cases = [
		[await openCpi({}, { PATH: "/nonexistent" }), "unsupported", /virsh is not on the PATH/, /libvirt-clients/],
		[
			await openCpi({ uri: "qemu:///system?socket=/nonexistent" }),
			"unavailable",
			/no libvirt daemon/,
			/libvirt-daemon/,
		],
		[await openCpi({ pool: "absent" }), "invalid", /no such storage pool.*'absent'/, /virsh pool-list/],
	] as const;
	for (const [cpi, kind, message, hint] of cases) {
		const wrong = { name: "CpiError", kind, retryable: false, message: expect.stringMatching(message) };
		await expect(cpi.createDisk(disk(), patient)).rejects.toMatchObject({
			...wrong,
			hint: expect.stringMatching(hint),
		});
		await expect(cpi.list(owner, "vm", patient)).rejects.toMatchObject(wrong);
	}
});

test.skipIf(missing !== undefined)("what can't be made leaves nothing behind", async () => {
	const cpi = await openCpi();
	const full = disk({ sizeMib: 5_000_000, cloudProperties: { format: "raw" } });
	await expect(cpi.createDisk(full, patient)).rejects.toMatchObject({ kind: "capacity" });
	const torn = async () =>
		Readable.from(
			(async function* () {
				yield tinyGuestImage();
				throw new Error("the file ended too early");
			})(),
		);
	await expect(cpi.createStemcell(image({ open: torn }), patient)).rejects.toThrow("the file ended too early");
	const gzip = async () => Readable.from([Buffer.from("1f8b0800".repeat(20), "hex")]);
	await expect(cpi.createStemcell(image({ open: gzip }), patient)).rejects.toThrow("a gzip archive");
	await expect(cpi.createStemcell(image(), patient)).rejects.toThrow("names no image");
	const absent = image({ cloudProperties: { volume: "absent" } });
	await expect(cpi.createStemcell(absent, patient)).rejects.toThrow("has no image absent");
	const stemcell = await cpi.createStemcell(image({ open: async () => Readable.from([tinyGuestImage()]) }), patient);
	const cases = [
		[vm(stemcell, { name: "absent" }), "invalid", "no such network"],
		[vm(stemcell, { bridge: "absent" }), "invalid", "no such bridge"],
		[vm(stemcell, { nmae: "default" }), "invalid", 'did you mean "name"?'],
		[vm(stemcell, {}, "10.9.9.9"), "invalid", "10.9.9.9 is not in libvirt's network default (10.211.0.1/24)"],
		[{ ...vm(stemcell, {}), cloudProperties: { cpus: 0, memory: 1e9 } }, "invalid", "cpus"],
		[{ ...vm(stemcell, {}), cloudProperties: { host: "rack-9" } }, "invalid", "no host rack-9"],
	] as const;
	for (const [request, kind, message] of cases)
		await expect(cpi.createVm(request, patient), message).rejects.toMatchObject({
			name: "CpiError",
			kind,
			message: expect.stringContaining(message),
		});
	const made = await cpi.createVm(vm(stemcell, {}), patient);
	await expect(cpi.deleteStemcell(stemcell, patient)).rejects.toThrow(made.cid);
	await cpi.deleteVm(made.cid, patient);
	await cpi.deleteStemcell(stemcell, patient);
	expect(await left()).not.toMatch(/disk-|stemcell-|vm-|<host /);
});

test.skipIf(missing !== undefined)(
	"a VM whose domain somebody undefined: deleting it frees its volumes and its address",
	async () => {
		const cpi = await openCpi();
		const stemcell = await cpi.createStemcell(image({ open: async () => Readable.from([tinyGuestImage()]) }), patient);
		const request = vm(stemcell, {});
		const { cid } = await cpi.createVm({ ...request, cloudProperties: { memory: 32, ephemeral_disk: 8 } }, patient);
		await libvirtd.virsh(`destroy ${cid}; undefine ${cid}`);
		expect(await left()).toMatch(/vm-[\s\S]*<host /);
		expect(await cpi.hasVm(cid, patient)).toBe(false);
		await cpi.deleteVm(cid, patient);
		await cpi.deleteStemcell(stemcell, patient);
		expect(await left()).not.toMatch(/stemcell-|vm-|<host /);
	},
);
