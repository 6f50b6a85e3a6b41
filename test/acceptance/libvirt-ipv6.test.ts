import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openWorld, type World } from "../support/acceptance.ts";
import { addresses, ipv6Networks, KNOWN, PLACED, writeIpv6Inputs } from "../support/ipv6-inputs.ts";
import { type Libvirtd, libvirtdMissing, startLibvirtd } from "../support/libvirtd.ts";
import { preparedImage, whyNoImage } from "../support/stemcell-image.ts";

const manifests = join(import.meta.dirname, "../../manifests");
const missing = libvirtdMissing() ?? whyNoImage;
/** Three guests boot: without KVM that takes minutes. */
const longestMs = 850_000;

describe.skipIf(missing !== undefined)(`IPv6 on guests of libvirt${missing ? ` (${missing})` : ""}`, () => {
	let libvirt: Libvirtd;
	let world: World;

	beforeAll(async () => {
		libvirt = await startLibvirtd({ subnets: ["10.216.0"], ipv6: "fd00:216::" });
		world = openWorld({ name: "root", argv: ["nsenter", "--net", "--target", String(libvirt.pid), "--"] });
		writeIpv6Inputs(world, { stemcells: [{ alias: "default", os: "debian-12", version: "latest" }] });
		const cloud = readFileSync(join(manifests, "cloud/libvirt.yml"), "utf8")
			.replace("uri: qemu:///system", `uri: ${libvirt.uri}\n    virtualization: qemu`)
			.replace(/^networks:\n(?:[- ].*\n)+/m, ipv6Networks({ name: "default" }))
			.replace("network: default", "network: six");
		world.write("cloud.yml", cloud);
	});
	afterAll(async () => {
		await world?.close();
		await libvirt?.close();
	});

	test("guests with an IPv6 address only, and with one of each family, are entered and see one another", async () => {
		const stemcell = `debian-12/latest=prepared:${await preparedImage()}`;
		const deploy = ["deploy", "tiny.yml", "--cloud", "cloud.yml", "--stemcell", stemcell];
		const { code, stderr } = await world.davit(deploy, { longestMs });
		expect(code, stderr).toBe(0);
		expect(await addresses(world)).toEqual(PLACED);
		const onVm = async (instance: string, command: string) => {
			const ran = await world.davit(["ssh", instance, "-c", command]);
			expect(ran.code, ran.stderr).toBe(0);
			return ran.stdout.trim();
		};
		expect(await onVm("web/0", "sudo cat /var/vcap/jobs/app/config/known")).toBe(KNOWN);
		expect(await onVm("web/0", "ip -4 -brief address show scope global")).toBe("");
		expect(await onVm("web/0", "ip -6 route show default")).toMatch(/^default via fd00:216::1 dev eth0/);
		const banner = (ip: string) => `exec 3<>/dev/tcp/${ip}/22; read -r banner <&3; echo "$banner"`;
		expect(await onVm("web/0", banner("fd00:216::20"))).toMatch(/^SSH-2/);
		expect(await onVm("both/0", banner("fd00:216::c"))).toMatch(/^SSH-2/);
		expect(await onVm("both/0", "ip -4 route show default")).toMatch(/^default via 10.216.0.1 dev eth0/);
		expect(await libvirt.virsh("net-dumpxml", "default")).toMatch(/<host mac='[0-9a-f:]+' ip='10\.216\.0\.10'\/>/);
		expect(await world.davit(deploy, { longestMs })).toMatchObject({
			stderr: "tiny: nothing to do, all is as the manifest says\n",
		});
	});
});
