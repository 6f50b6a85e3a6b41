import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { VmRequest } from "../../src/cpi/cpi.ts";
import { loadCpi } from "../../src/cpi/registry.ts";
import { generateKeyPair } from "../../src/ssh/keys.ts";
import { type Libvirtd, libvirtdMissing, startLibvirtd } from "../support/libvirtd.ts";
import { type Sshd, sshdMissing, startSshd } from "../support/sshd.ts";
import { tinyGuestImage } from "../support/tiny-guest.ts";
import { guest, newKey, newOwner, patient } from "./cpi/cloud.ts";

const missing = libvirtdMissing() ?? sshdMissing();
const owner = newOwner();
let far: Libvirtd;
let near: Libvirtd;
let sshd: Sshd;

beforeAll(async () => {
	if (missing !== undefined) return;
	[near, far] = await Promise.all([startLibvirtd(), startLibvirtd()]);
	sshd = await startSshd();
});
afterAll(async () => {
	await Promise.all([near?.close(), far?.close(), sshd?.close()]);
});

/** With a socket of its own libvirt's transport runs netcat on the host: this one is Node. */
const NETCAT = `#!/bin/sh
for socket; do :; done
exec ${process.execPath} -e 'const s = require("net").connect(process.argv[1]); process.stdin.pipe(s).pipe(process.stdout)' "$socket"
`;

/** libvirt's ssh transport has no parameter for known hosts: `command` names an ssh that knows them. */
async function farUri(hostKey: string, user = "root"): Promise<string> {
	const [known, command] = [join(sshd.folder, "known_hosts"), join(sshd.folder, "ssh")];
	await writeFile(known, `[127.0.0.1]:${sshd.port} ${hostKey}\n`);
	await writeFile(command, `#!/bin/sh\nexec ssh -F none -o UserKnownHostsFile=${known} "$@"\n`);
	const netcat = join(sshd.folder, "nc");
	await writeFile(netcat, NETCAT);
	for (const program of [command, netcat]) await chmod(program, 0o755);
	const keyfile = join(sshd.folder, "login_key");
	const socket = `${far.folder}/run/libvirt/libvirt-sock`;
	return `qemu+ssh://${user}@127.0.0.1:${sshd.port}/system?socket=${socket}&keyfile=${keyfile}&command=${command}&netcat=${netcat}`;
}

async function openCpi(uri: string) {
	const hosts = [
		{ name: "near", uri: near.uri },
		{ name: "far", uri },
	];
	const properties = { hosts, virtualization: "qemu" };
	const env = { PATH: process.env.PATH, HOME: sshd.folder };
	return (await loadCpi("libvirt"))({ name: "libvirt", properties, home: sshd.folder, env });
}

const tiny = async () => Readable.from([tinyGuestImage()]);

test.skipIf(missing !== undefined)(
	"two hosts, one over SSH: each VM on the host that is named, its disk beside it",
	async () => {
		const cpi = await openCpi(await farUri(sshd.hostKey.publicKey));
		const key = { key: newKey(), owner };
		const stemcell = await cpi.createStemcell(
			{ ...key, os: "tiny", version: "1", cloudProperties: {}, open: tiny },
			patient,
		);
		const network = {
			type: "manual",
			ip: "10.211.0.9",
			prefix: 24,
			dns: [],
			default: [],
			cloudProperties: {},
		} as const;
		const seed = { hostname: "x", loginUser: "davit", authorizedKeys: [], hostKey: guest.hostKey };
		const request = (host?: string): VmRequest => {
			const cloudProperties = { memory: 32, ephemeral_disk: 0, ...(host === undefined ? {} : { host }) };
			const networks = { n: network };
			return {
				key: newKey(),
				owner,
				name: "x/0",
				stemcell,
				cloudProperties,
				networks,
				disks: [],
				seed,
				env: {},
				metadata: {},
			};
		};
		await expect(cpi.createVm(request(), patient)).rejects.toMatchObject({
			kind: "invalid",
			hint: expect.stringMatching(/near, far/),
		});
		const [one, other] = [await cpi.createVm(request("near"), patient), await cpi.createVm(request("far"), patient)];
		expect([one.cid, other.cid]).toEqual([expect.stringMatching(/\.near$/), expect.stringMatching(/\.far$/)]);
		expect(await far.virsh("list", "--name")).toBe(other.cid.replace(/\.far$/, ""));
		const disk = { key: newKey(), owner, sizeMib: 8, cloudProperties: {}, vm: other.cid, metadata: {} };
		const cid = await cpi.createDisk(disk, patient);
		const attach = { ...patient, mountPoint: "/var/vcap/store" };
		await expect(cpi.attachDisk(one.cid, cid, attach)).rejects.toThrow("are on different hosts");
		await cpi.attachDisk(other.cid, cid, attach);
		expect((await cpi.list(owner, "vm", patient)).items.map((vm) => vm.details?.host).sort()).toEqual(["far", "near"]);
		expect((await cpi.list(owner, "image", patient)).items).toHaveLength(1);
		expect(await cpi.find(disk.key, patient)).toMatchObject({ cid, attachedTo: other.cid });
		for (const vm of [one, other]) await cpi.deleteVm(vm.cid, patient);
		await cpi.deleteDisk(cid, patient);
		await cpi.deleteStemcell(stemcell, patient);
		for (const host of [near, far]) expect(await host.virsh("vol-list default; list --all --name")).toBe("");
	},
);

test.skipIf(missing !== undefined)(
	"a host that isn't the known one, or lets nobody in, is told as such; the list fails as a whole",
	async () => {
		const other = await openCpi(await farUri(generateKeyPair("other").publicKey));
		await expect(other.list(owner, "vm", patient)).rejects.toMatchObject({
			kind: "auth",
			message: expect.stringMatching(/SSH key is not the known/),
		});
		const stranger = await openCpi(await farUri(sshd.hostKey.publicKey, "nobody-here"));
		await expect(stranger.list(owner, "vm", patient)).rejects.toMatchObject({
			kind: "auth",
			hint: expect.stringMatching(/authorized_keys/),
		});
		const { port } = sshd;
		await sshd.close();
		const gone = await openCpi(`qemu+ssh://root@127.0.0.1:${port}/system`);
		await expect(gone.list(owner, "vm", patient)).rejects.toMatchObject({ kind: "unavailable", retryable: true });
	},
);
