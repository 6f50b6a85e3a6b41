import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openWorld, type World } from "../support/acceptance.ts";
import { readState } from "../support/acceptance-state.ts";
import { expectFailure } from "../support/bad-input.ts";
import { type Libvirtd, libvirtdMissing, startLibvirtd } from "../support/libvirtd.ts";
import { preparedImage, whyNoImage } from "../support/stemcell-image.ts";
import { tinyGuestImage } from "../support/tiny-guest.ts";
import { tinyGroup, tinyManifest, writeTinyRelease } from "../support/tiny-release.ts";

const manifests = join(import.meta.dirname, "../../manifests");
const missing = libvirtdMissing() ?? whyNoImage;
/** Without KVM a boot takes minutes. */
const longestMs = 1_200_000;
/** Puts back what sudo asks once the cable was pulled: nobody who is let in could. */
const RESTORE =
	'count=/sys/class/net/eth0/carrier_down_count; was=$(cat $count); until [ "$(cat $count)" != "$was" ]; do sleep 1; done; cp -p /root/sudoers.d/* /etc/sudoers.d/';
const ASK_PASSWORD = `cp -rp /etc/sudoers.d /root/
printf %s ${JSON.stringify(RESTORE).replaceAll("$", "\\$")} >/root/restore
systemd-run --quiet sh /root/restore
sed -i s/NOPASSWD:// /etc/sudoers.d/*`;

/** One guest is broken, told of and mended again and again: each boot costs minutes. */
describe.skipIf(missing !== undefined)(
	`a guest of libvirt that is not as it should be${missing ? ` (${missing})` : ""}`,
	() => {
		let libvirt: Libvirtd;
		let world: World;
		let certificate: string;
		let deploy: readonly string[];

		beforeAll(async () => {
			libvirt = await startLibvirtd({ subnets: ["10.215.0"] });
			world = openWorld({ name: "root", argv: ["nsenter", "--net", "--target", String(libvirt.pid), "--"] });
			const request =
				"req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /dev/null -days 2 -subj /CN=own-ca";
			certificate = execFileSync("openssl", request.split(" "), {
				encoding: "utf8",
				stdio: ["ignore", "pipe", "ignore"],
			});
			const cloud = readFileSync(join(manifests, "cloud/libvirt.yml"), "utf8")
				.replace("uri: qemu:///system", `uri: ${libvirt.uri}\n    virtualization: qemu`)
				.replaceAll("10.77.0.", "10.215.0.")
				.replace("{name: davit}", "{name: default, mtu: 1400}");
			world.write(
				"cloud.yml",
				`${cloud}
ntp: [10.215.0.1]
proxy: {https_proxy: "http://proxy.test:3128", no_proxy: .internal}
trusted_certs: ${JSON.stringify(certificate)}
`,
			);
			writeTinyRelease(world, "release", { jobs: { app: {} } });
			const stemcells = [{ alias: "default", os: "debian-12", version: "latest" }];
			world.write("tiny.yml", tinyManifest([tinyGroup("web", "app", { persistent_disk: 64 })], { stemcells }));
			deploy = [
				"deploy",
				"tiny.yml",
				"--cloud",
				"cloud.yml",
				"--stemcell",
				`debian-12/latest=prepared:${await preparedImage()}`,
			];
		});
		afterAll(async () => {
			await world?.close();
			await libvirt?.close();
		});

		/** Of all that a deploy says, why it failed. */
		const same = (text: string) =>
			text
				.slice(text.search(/^error: /m))
				.replaceAll(libvirt.folder, "LIBVIRT")
				.replace(/davit-virsh-\w+/g, "davit-virsh-N")
				.replace(/\bdisk-[0-9a-f]{15}\b/g, "disk-CID")
				.replace(/\/dev\/vd[a-z]\b/g, "/dev/vdX");
		const expectRefused = (name: string) => expectFailure(world, deploy, name, { same, options: { longestMs } });
		async function onGuest(command: string): Promise<string> {
			const { code, stdout, stderr } = await world.davit(["ssh", "web/0", "-c", command]);
			expect(code, stderr).toBe(0);
			return stdout.trim();
		}
		const asRoot = (script: string) => onGuest(`sudo sh -c '${script}'`);
		const guest = () => libvirt.virsh("list", "--name");

		/** Before its first boot has come far it is booted again, by a clock that goes ahead. */
		async function setClockAhead(seconds: number): Promise<void> {
			const made = () => readState(world.home).instances[0]?.vm?.cid ?? "";
			const state = () => (existsSync(join(world.home, "state.db")) ? made() : "");
			await expect.poll(state, { timeout: 300_000 }).not.toBe("");
			const cid = made();
			await libvirt.virsh("destroy", cid);
			const file = join(libvirt.folder, "guest.xml");
			const xml = await libvirt.virsh("dumpxml", "--inactive", "--security-info", cid);
			const ahead = xml.replace(
				/<clock offset='utc'\/>/,
				`<clock offset='variable' adjustment='${seconds}' basis='utc'/>`,
			);
			expect(ahead).not.toBe(xml);
			writeFileSync(file, ahead);
			await libvirt.virsh(`define ${file}; start ${cid}`);
		}

		test("its clock is an hour ahead", async () => {
			await Promise.all([expectRefused("a clock that is an hour ahead"), setClockAhead(3600)]);
			await asRoot("date --set=-1hour");
		});

		test("its root is read-only", async () => {
			await asRoot("echo u >/proc/sysrq-trigger; until [ ! -w /etc ]; do sleep 0.1; done");
			await expectRefused("a root that is read-only");
			await asRoot("mount -o remount,rw /; mount -o remount,rw /var/vcap/data");
		});

		test("its sudo asks for a password", async () => {
			await asRoot(ASK_PASSWORD);
			await expectRefused("a user whose sudo asks for a password");
			const cid = await guest();
			const [, mac = ""] = /<mac address='([^']+)'/.exec(await libvirt.virsh("dumpxml", cid)) ?? [];
			await libvirt.virsh(`domif-setlink ${cid} ${mac} down; domif-setlink ${cid} ${mac} up`);
			const enter = async () => (await world.davit(["ssh", "web/0", "-c", "true"])).code;
			await expect.poll(enter, { timeout: 120_000 }).toBe(0);
		});

		test("mended it is gone on with, and has what the cloud file gives every VM", async () => {
			const { code, stderr } = await world.davit(deploy, { longestMs });
			expect(code, stderr).toBe(0);
			expect(await onGuest("cat /sys/class/net/eth0/mtu")).toBe("1400");
			expect(await onGuest("sudo chronyc -N sources")).toContain("10.215.0.1");
			expect(await onGuest(`bash -lc 'echo "$HTTPS_PROXY $no_proxy"'`)).toBe("http://proxy.test:3128 .internal");
			const verify = "openssl verify -CAfile /etc/ssl/certs/ca-certificates.crt /dev/stdin";
			expect(await onGuest(`${verify} <<'TEXT'\n${certificate.trim()}\nTEXT`)).toBe("/dev/stdin: OK");
		});

		test("its disk is in use by another VM, and then holds what is another's", async () => {
			const [cid, device] = [await guest(), await onGuest("findmnt -no SOURCE /var/vcap/store")];
			const disk = (await libvirt.virsh("domblklist", cid)).match(/(vd[a-z])\s+\S*?(disk-[0-9a-f]+\.\w+)$/m);
			await asRoot("umount /var/vcap/store");
			await libvirt.virsh("detach-disk", cid, disk?.[1] ?? "", "--live", "--config");
			await expect.poll(() => onGuest(`ls ${device} || true`), { timeout: 60_000 }).toBe("");
			const image = join(libvirt.folder, "tiny.raw");
			writeFileSync(image, tinyGuestImage());
			writeFileSync(
				join(libvirt.folder, "other.xml"),
				`<domain type='qemu'><name>other</name><memory unit='MiB'>32</memory><os><type machine='pc'>hvm</type></os><devices>
<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='${image}'/><target dev='vda' bus='virtio'/></disk>
<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='${join(libvirt.poolPath, disk?.[2] ?? "")}'/><target dev='vdb' bus='virtio'/></disk>
</devices></domain>`,
			);
			await libvirt.virsh("create", join(libvirt.folder, "other.xml"));
			await expectRefused("a disk that another VM has open");
			await libvirt.virsh("destroy", "other");
			const attached = await world.davit(deploy, { longestMs });
			expect(attached.code, attached.stderr).toBe(0);
			const again = await onGuest("findmnt -no SOURCE /var/vcap/store");
			await asRoot(`umount /var/vcap/store; mkswap -f ${again}`);
			await expectRefused("a disk that holds what is another's");
		});
	},
);
