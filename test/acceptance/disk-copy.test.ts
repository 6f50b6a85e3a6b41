import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { openWorld, type World } from "../support/acceptance.ts";
import { killAt, killInEachKind } from "../support/acceptance-cut.ts";
import { golden, startedKinds } from "../support/acceptance-golden.ts";
import { listingOf, readState, recordedListing } from "../support/acceptance-state.ts";
import { oneUser } from "../support/ordinary-user.ts";
import { tinyGroup, tinyManifest, writeTinyRelease } from "../support/tiny-release.ts";

const CLOUD = readFileSync(join(import.meta.dirname, "../../manifests/cloud/local.yml"), "utf8");
const NOTHING = { code: 0, stdout: "", stderr: "tiny: nothing to do, all is as the manifest says\n" };
/** Everything that a copy may lose, and what is found of it again. */
const FILL = `cd /var/vcap/store; mkdir -p deep; echo data >deep/file; truncate -s 200M sparse; echo end >>sparse; ln -f deep/file hard;
ln -sf deep/file soft; chmod 2750 deep; touch -d 2001-02-03 hard; head -c 8000000 /dev/urandom >big`;
const FOUND =
	"cd /var/vcap/store; stat -c '%n %A %U %h %Y' deep/file hard deep; readlink soft; du -k sparse | sed s/.sparse//; tail -c 4 sparse; sha256sum big sparse";

describe.each(oneUser)("a disk is copied, as $name", (user) => {
	let world: World;
	let was = "";
	beforeAll(async () => {
		world = openWorld(user);
		writeTinyRelease(world, "release", { jobs: { app: {} } });
		want(100);
		expect(await deploy()).toMatchObject({ code: 0 });
		await onVm(FILL);
		was = await onVm(FOUND);
	});
	afterAll(() => world.close());

	function want(sizeMib: number): void {
		world.write("tiny.yml", tinyManifest([tinyGroup("db", "app", { persistent_disk: sizeMib })]));
	}
	const deploy = () => world.davit(["deploy", "-n", "tiny.yml"]);
	async function onVm(command: string): Promise<string> {
		const { code, stdout, stderr } = await world.davit(["ssh", "db/0", "-c", `sudo bash -c "${command}"`]);
		expect(code, stderr).toBe(0);
		return stdout;
	}
	const cloudWith = (type: string) => CLOUD.replace("disk_size: 1_024", type);
	const diskOf = () => readState(world.home).instances[0]?.disk ?? "";

	/** The instance has another disk with the same on it, and every other is orphaned. */
	async function expectCopied(former: string, sizeMib: number): Promise<void> {
		const { disks, openIntents } = readState(world.home);
		const inUse = disks.filter(({ orphanedAt }) => orphanedAt === undefined);
		expect(inUse).toMatchObject([{ cid: diskOf(), sizeMib }]);
		expect(inUse[0]).not.toHaveProperty("copyOf");
		expect(diskOf()).not.toBe(former);
		expect(disks.map(({ cid }) => cid)).toContain(former);
		expect(openIntents).toBe(0);
		expect(await onVm(FOUND)).toBe(was);
		expect(listingOf(world.home)).toEqual(recordedListing(world.home));
		expect(await world.davit(["deploy", "tiny.yml"])).toEqual(NOTHING);
	}

	test("one that becomes too small is told before anything stops", async () => {
		const former = diskOf();
		want(8);
		const { code, stdout, events } = await world.told(["deploy", "-n", "tiny.yml"]);
		expect({ code, kinds: startedKinds(events) }, stdout).toEqual({ code: 1, kinds: [] });
		const { stderr } = await deploy();
		await expect(golden(stderr)).toMatchFileSnapshot("golden/disk-too-small.golden");
		expect(diskOf()).toBe(former);
	});

	test("a smaller one that takes it: the plan says so, and all that is on it is there", async () => {
		const former = diskOf();
		want(64);
		const { stdout } = await world.davit(["plan", "tiny.yml"]);
		expect(stdout).toContain("its jobs are stopped while its disk is copied, and started");
		expect(stdout).toContain("persistent_disk: 100 MiB → 64 MiB; it is copied to another disk");
		const { code, events, stderr } = await world.told(["deploy", "-n", "tiny.yml"]);
		expect(code, `${stderr}${JSON.stringify(events)}`).toBe(0);
		const kinds = startedKinds(events);
		expect(kinds.slice(kinds.indexOf("stop"), kinds.indexOf("install-jobs"))).toEqual([
			"stop",
			"create-disk",
			"copy-disk",
			"attach-disk",
			"update-names",
		]);
		await expectCopied(former, 64);
	});

	test("killed once in each kind of step: the end is the same", async () => {
		const former = diskOf();
		want(48);
		const killed = await killInEachKind(world, ["deploy", "-n", "tiny.yml"]);
		expect([...killed]).toEqual(expect.arrayContaining(["stop", "create-disk", "copy-disk", "attach-disk"]));
		await expectCopied(former, 48);
	});

	test("a copy that is not wanted any more is given up, and the disk is as it was", async () => {
		const former = diskOf();
		want(32);
		expect(await killAt(world, ["deploy", "-n", "tiny.yml"], (kind) => kind === "copy-disk")).toBe("copy-disk");
		want(48);
		const { code, events } = await world.told(["deploy", "-n", "tiny.yml"]);
		expect(code).toBe(0);
		expect(startedKinds(events)).toContain("discard-copy");
		expect(diskOf()).toBe(former);
		expect(await onVm(FOUND)).toBe(was);
		expect(await world.davit(["deploy", "tiny.yml"])).toEqual(NOTHING);
		const half = readState(world.home).disks.find(({ copyOf }) => copyOf?.whole === false)?.cid ?? "";
		const attached = await world.davit(["attach-disk", "db/0", half]);
		expect(attached.code).toBe(1);
		expect(attached.stderr).toBe(
			`error: disk ${half} is a copy of disk ${former} that was never finished\n  → attach ${former}, which has all of it, and delete the copy: davit delete-disk ${half}\n`,
		);
		expect(diskOf()).toBe(former);
	});

	test("killed in the midst of the copying: what was written of it is made anew, and all of it is there", async () => {
		const former = diskOf();
		await onVm(`for n in {1..50}; do head -c 8388608 /dev/urandom >/var/vcap/store/part-\\$n; done`);
		const sums = "sha256sum /var/vcap/store/part-*";
		const parts = await onVm(sums);
		world.write("cloud.yml", cloudWith("disk_size: 1_000\n  cloud_properties: {type: big}"));
		world.write("tiny.yml", tinyManifest([tinyGroup("db", "app", { persistent_disk_type: "default" })]));
		const deployed = ["deploy", "-n", "--cloud", "cloud.yml", "tiny.yml"];
		const before = listingOf(world.home).disks;
		const partsOn = () =>
			listingOf(world.home)
				.disks.filter((cid) => !before.includes(cid))
				.flatMap(partsOf);
		const running = world.start(deployed);
		await vi.waitUntil(() => partsOn().length > 1, { timeout: 120_000, interval: 1 });
		running.signal("SIGKILL");
		expect(partsOn().length).toBeLessThan(50);
		await running.ended;
		const { code, stderr } = await world.davit(deployed);
		expect(code, stderr).toBe(0);
		expect(await onVm(sums)).toBe(parts);
		await onVm("rm /var/vcap/store/part-*");
		await expectCopied(former, 1_000);
	});

	const partsOf = (cid: string) =>
		readdirSync(join(world.home, "local/disks", cid, "data")).filter((name) => name.startsWith("part-"));

	test("another disk type is another disk", async () => {
		const former = diskOf();
		world.write("cloud.yml", cloudWith("disk_size: 48\n  cloud_properties: {type: other}"));
		world.write("tiny.yml", tinyManifest([tinyGroup("db", "app", { persistent_disk_type: "default" })]));
		const { code, stderr } = await world.davit(["deploy", "-n", "--cloud", "cloud.yml", "tiny.yml"]);
		expect(code, stderr).toBe(0);
		expect(stderr).toContain("other cloud properties; it is copied to another disk");
		await expectCopied(former, 48);
	});
});
