import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LibvirtPlatform, openLibvirtPlatform, platformMissing } from "../support/libvirt-platform.ts";
import { tinyGroup, tinyManifest, writeTinyRelease } from "../support/tiny-release.ts";

const DATA = "cat /var/vcap/store/data; cat /var/vcap/packages/tool/compiled";

describe.skipIf(platformMissing !== undefined)(
	`a database on a guest of libvirt, behind a jump host${platformMissing ? ` (${platformMissing})` : ""}`,
	() => {
		let platform: LibvirtPlatform;

		beforeAll(async () => {
			platform = await openLibvirtPlatform((world) => {
				const packages = { tool: 'uname -s >"$BOSH_INSTALL_TARGET/compiled"' };
				writeTinyRelease(world, "release", { jobs: { app: { packages: ["tool"] } }, packages });
				const database = tinyGroup("database", "app", { persistent_disk: 256 });
				const stemcells = [{ alias: "default", os: "debian-12", version: "latest" }];
				return world.write("tiny.yml", tinyManifest([database], { stemcells }));
			});
		});
		afterAll(() => platform?.close());

		const states = async () => (await platform.vms()).map(({ instance, state }) => `${instance} ${state}`);

		test("a guest boots, a package compiles on it, and its job runs, with a disk that is known by its serial", async () => {
			expect(await platform.deploy()).toMatch(/Uploading the prepared stemcell debian-12\/[0-9a-f]+ to libvirt/);
			expect(await states()).toEqual(["database/0 running"]);
			expect(await platform.onDatabase("findmnt -no SOURCE /var/vcap/store; ls /dev/disk/by-id")).toMatch(
				/^\/dev\/vd.\n[\s\S]*virtio-disk-/,
			);
			await platform.onDatabase("echo kept | sudo tee /var/vcap/store/data; sync");
			expect(await platform.onDatabase(DATA)).toBe("kept\nLinux\n");
			expect(await platform.deploy()).toBe("tiny: nothing to do, all is as the manifest says\n");
		});

		test("a database whose VM is gone gets another one with its data", async () => {
			const cid = await platform.cidOf("database/0");
			await platform.libvirt.virsh(`destroy ${cid}; undefine ${cid} --nvram`);
			await platform.deploy();
			expect(await platform.cidOf("database/0")).not.toBe(cid);
			expect(await states()).toEqual(["database/0 running"]);
			expect(await platform.onDatabase(DATA)).toBe("kept\nLinux\n");
		});

		test("deleting it leaves nothing at the host but the orphaned disk and the stemcell", () => platform.deleteAll());
	},
);
