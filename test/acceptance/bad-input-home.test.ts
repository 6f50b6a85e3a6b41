import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, expect, test } from "vitest";
import { type World, withWorld } from "../support/acceptance.ts";
import { listingOf, recordedListing } from "../support/acceptance-state.ts";
import { expectFailure } from "../support/bad-input.ts";
import { type User, users } from "../support/ordinary-user.ts";
import { tinyGroup, tinyManifest, writeTinyRelease } from "../support/tiny-release.ts";

interface SmallDisk {
	/** As whoever doesn't share the mounts of the user sees it. */
	readonly home: string;
	resize(size: string): void;
}

/** The user has a disk of its own under davit's home. It is mounted for that user's commands alone: VMs of other tests would keep it. */
async function withSmallDisk(user: User, size: string, work: (world: World, disk: SmallDisk) => Promise<void>) {
	const holder = spawn("unshare", ["--mount", "--propagation", "private", "sh", "-c", "echo; exec sleep infinity"], {
		stdio: ["ignore", "pipe", "inherit"],
	});
	await once(holder.stdout, "data");
	const inside = ["nsenter", "--target", String(holder.pid), "--mount"];
	const asRoot = (...argv: string[]) => execFileSync("nsenter", [...inside.slice(1), ...argv]);
	const entering = { ...user, argv: [...inside, ...user.argv] };
	const { id = 0 } = user;
	try {
		await withWorld(entering, async (world) => {
			entering.argv = [...inside, "env", `--chdir=${world.folder}`, ...user.argv];
			mkdirSync(world.home);
			chownSync(world.home, id, id);
			asRoot("mount", "-t", "tmpfs", "-o", `uid=${id},gid=${id},size=${size}`, "tmpfs", world.home);
			const resize = (wanted: string) => asRoot("mount", "-o", `remount,size=${wanted}`, world.home);
			await work(world, { home: join(`/proc/${holder.pid}/root`, world.home), resize });
			await world.davit(["delete-deployment", "-n", "--skip-drain"]);
			asRoot("umount", world.home);
		});
	} finally {
		holder.kill("SIGKILL");
	}
}

/** Of all that a deploy says, why it failed, without what is another's in each run. */
const same = (text: string) =>
	text
		.slice(text.search(/^error: /m))
		.replace(/copyfile '.*?'/, "copyfile 'NODE'")
		.replace(/[0-9a-f]{16}\.new/, "DIGEST.new");

describe.skipIf(process.getuid?.() !== 0).each(users)("a full disk of davit's home, as $name", (user) => {
	test("each deploy says what it had no room for, and with room the next one goes on", () =>
		withSmallDisk(user, "64k", async (world, disk) => {
			writeTinyRelease(world, "release", { jobs: { app: {} } });
			world.write("tiny.yml", tinyManifest([tinyGroup("web", "app", { persistent_disk: 100 })]));
			await expectFailure(world, ["deploy", "tiny.yml"], "no room for the state", { same });
			disk.resize("20m");
			await expectFailure(world, ["deploy", "tiny.yml"], "no room for a VM", { same });
			expect(listingOf(disk.home).vms).toEqual([]);
			disk.resize("1g");
			const { code, stderr } = await world.davit(["deploy", "tiny.yml"]);
			expect(code, stderr).toBe(0);
			expect(listingOf(disk.home)).toEqual(recordedListing(disk.home));
		}));
});
