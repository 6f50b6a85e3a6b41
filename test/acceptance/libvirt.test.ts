import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BOOT_ID, type LibvirtPlatform, openLibvirtPlatform, platformMissing } from "../support/libvirt-platform.ts";

/** The cluster that PostgreSQL made at its first start, and a file of ours beside it. */
const DATA = "sudo stat -c '%i %W' /var/vcap/store/postgres/data/PG_VERSION; sudo cat /var/vcap/store/kept";

describe.skipIf(platformMissing !== undefined)(
	`the example platform's database on a guest of libvirt, behind a jump host${platformMissing ? ` (${platformMissing})` : ""}`,
	() => {
		let platform: LibvirtPlatform;
		let data: string;

		beforeAll(async () => {
			platform = await openLibvirtPlatform(["control", "router", "compute"]);
		});
		afterAll(() => platform?.close());

		const expectRunning = () =>
			expect
				.poll(async () => (await platform.vms()).map(({ instance, state }) => `${instance} ${state}`), {
					timeout: 600_000,
					interval: 5000,
				})
				.toEqual(["database/0 running"]);

		test("a guest boots, and PostgreSQL is installed on it", async () => {
			expect(await platform.deploy()).toMatch(/Uploading the prepared stemcell debian-12\/[0-9a-f]+ to libvirt/);
			await expectRunning();
			// PostgreSQL's disk is a block device, known by its serial.
			expect(await platform.onDatabase("findmnt -no SOURCE /var/vcap/store; ls /dev/disk/by-id")).toMatch(
				/^\/dev\/vd.\n[\s\S]*virtio-disk-/,
			);
			await platform.onDatabase("echo kept | sudo tee /var/vcap/store/kept; sync");
			data = await platform.onDatabase(DATA);
			expect(data).toMatch(/^\d+ \d+\nkept\n$/);
		});

		test("a guest that loses its power comes back by itself, without davit: disk, names, supervisor and jobs", async () => {
			const before = await platform.onDatabase(BOOT_ID);
			await platform.libvirt.virsh("reset", await platform.cidOf("database/0"));
			await platform.untilBootedAgain(before);
			await expectRunning();
			expect(await platform.deploy()).toBe("min-4: nothing to do, all is as the manifest says\n");
		});

		test("a database whose VM is gone gets another one with its data", async () => {
			const cid = await platform.cidOf("database/0");
			await platform.libvirt.virsh(`destroy ${cid}; undefine ${cid} --nvram`);
			await platform.deploy();
			expect(await platform.cidOf("database/0")).not.toBe(cid);
			await expectRunning();
			expect(await platform.onDatabase(DATA)).toBe(data);
		});

		test("deleting it leaves nothing at the host but the orphaned disk and the stemcell", () => platform.deleteAll());
	},
);
