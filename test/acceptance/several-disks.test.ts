import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openWorld, type World } from "../support/acceptance.ts";
import { killAt } from "../support/acceptance-cut.ts";
import { golden, startedKinds } from "../support/acceptance-golden.ts";
import { listingOf, readState, recordedListing } from "../support/acceptance-state.ts";
import { oneUser } from "../support/ordinary-user.ts";
import { tinyGroup, tinyManifest, writeTinyRelease } from "../support/tiny-release.ts";

const NOTHING = { code: 0, stdout: "", stderr: "tiny: nothing to do, all is as the manifest says\n" };
const CLOUD = readFileSync(join(import.meta.dirname, "../../manifests/cloud/local.yml"), "utf8");
const DISKS = "/var/vcap/instance/disks";
/** It writes on each disk that its links name, whoever of vcap and root it runs as. */
const WRITE = `for disk in <%= link('wal').p('name') %> <% if_link('log') do |log| %><%= log.p('name') %><% end %>; do
  echo "$disk" >>${DISKS}/$disk/starts
done`;

describe.each(oneUser)("several disks of an instance, as $name", (user) => {
	let world: World;
	beforeAll(() => {
		world = openWorld(user);
		const link = (name: string, optional = false) => ({ name, type: "disk", optional });
		const consumes = [link("wal"), link("log", true)];
		writeTinyRelease(world, "release", { jobs: { app: { hooks: { "pre-start": WRITE }, consumes } } });
	});
	afterAll(() => world.close());

	/** Names of disks, each with its size; those in `log` and `wal` are the job's. */
	function want(disks: Readonly<Record<string, number>>): void {
		const types = Object.entries(disks).map(([name, size]) => `- {name: of-${name}, disk_size: ${size}}\n`);
		world.write("cloud.yml", CLOUD.replace("disk_types:\n", `disk_types:\n${types.join("")}`));
		const persistent_disks = Object.keys(disks).map((name) => ({ name, type: `of-${name}` }));
		const log = disks["the-log"] === undefined ? { log: "nil" } : { log: { from: "the-log" } };
		const jobs = [{ name: "app", release: "tiny", consumes: { wal: { from: "wal" }, ...log } }];
		world.write("tiny.yml", tinyManifest([tinyGroup("db", jobs, { persistent_disks })]));
	}
	const DEPLOY = ["deploy", "-n", "--cloud", "cloud.yml", "tiny.yml"];
	async function deploy(): Promise<string> {
		const { code, stderr } = await world.davit(DEPLOY);
		expect(code, stderr).toBe(0);
		return stderr;
	}
	/** Kills davit as a step of each kind begins, one after the other, and then lets it come to its end. */
	async function killedIn(kinds: readonly string[], args: readonly string[]): Promise<void> {
		for (const wanted of kinds) expect(await killAt(world, args, (kind) => kind === wanted)).toBe(wanted);
		const { code, stderr } = await world.davit(args);
		expect(code, stderr).toBe(0);
	}
	async function onVm(command: string): Promise<string> {
		const { code, stdout, stderr } = await world.davit(["ssh", "db/0", "-c", `sudo bash -c "${command}"`]);
		expect(code, stderr).toBe(0);
		return stdout;
	}
	const disks = () => readState(world.home).instances[0]?.disks ?? {};
	const starts = async (name: string) => (await onVm(`wc -l <${DISKS}/${name}/starts`)).trim();
	const orphans = () =>
		readState(world.home).disks.flatMap(({ cid, orphanedAt }) => (orphanedAt === undefined ? [] : [cid]));

	/** All that is there is recorded, and nothing is left to do. */
	async function expectSettled(): Promise<void> {
		expect(listingOf(world.home)).toEqual(recordedListing(world.home));
		expect(readState(world.home).openIntents).toBe(0);
		expect(await world.davit(["deploy", "tiny.yml"])).toEqual(NOTHING);
	}

	test("the first deploy, killed as disks are made and shown: the job finds both by its links; each is one disk", async () => {
		want({ wal: 64, "the-log": 32 });
		await killedIn(["create-disk", "associate-disk"], DEPLOY);
		expect(Object.keys(disks()).sort()).toEqual(["the-log", "wal"]);
		expect(listingOf(world.home).disks).toEqual(Object.values(disks()).sort());
		for (const name of ["wal", "the-log"]) expect(await onVm(`sort -u ${DISKS}/${name}/starts`)).toBe(`${name}\n`);
		expect(await onVm(`mountpoint -q /var/vcap/store || echo none`)).toBe("none\n");
		await expectSettled();
	});

	test("davit disks tells them by name", async () => {
		const { events } = await world.told(["disks"]);
		const rows = events.flatMap((event) => (event.type === "table" ? event.rows : []));
		expect(rows.map(({ disk_cid, name, size_mib }) => [disk_cid, name, size_mib])).toEqual(
			expect.arrayContaining([
				[disks().wal, "wal", 64],
				[disks()["the-log"], "the-log", 32],
			]),
		);
	});

	test("a recreated VM has both, killed as they are taken from the one and given to the other", async () => {
		const before = disks();
		await onVm(`echo kept >${DISKS}/wal/data; echo kept >${DISKS}/the-log/data; chown vcap ${DISKS}/the-log`);
		await killedIn(["detach-disk", "create-vm", "associate-disk"], ["recreate", "-n", "db"]);
		expect(disks()).toEqual(before);
		expect(await onVm(`cat ${DISKS}/{wal,the-log}/data; stat -c %U ${DISKS}/the-log`)).toMatch(
			/^kept\nkept\n(vcap|root)\n$/,
		);
		await expectSettled();
	});

	test("one more is made without another VM, one less is orphaned; the plan says so", async () => {
		const vm = readState(world.home).instances[0]?.vm?.cid;
		const before = disks();
		want({ wal: 64, spool: 16 });
		const { stdout } = await world.davit(["plan", "--cloud", "cloud.yml", "tiny.yml"]);
		expect(stdout).toContain("persistent_disk: spool: it has none yet");
		expect(stdout).toContain("persistent_disk: the-log: it is not wanted any more");
		await killedIn(["detach-disk", "orphan-disk", "create-disk"], DEPLOY);
		expect(readState(world.home).instances[0]?.vm?.cid).toBe(vm);
		expect(disks()).toEqual({ wal: before.wal, spool: expect.any(String) });
		expect(orphans()).toEqual([before["the-log"]]);
		expect(await onVm(`ls ${DISKS}`)).toBe("spool\nwal\n");
		await expectSettled();
	});

	test("a larger one grows where it is; what would lose data is refused before anything stops", async () => {
		const before = disks();
		want({ wal: 128, spool: 16 });
		await deploy();
		expect(disks()).toEqual(before);
		expect(readState(world.home).disks.find(({ name, orphanedAt }) => name === "wal" && !orphanedAt)?.sizeMib).toBe(
			128,
		);
		want({ wal: 64, spool: 16 });
		const { code, events } = await world.told(DEPLOY);
		expect({ code, kinds: startedKinds(events) }).toEqual({ code: 1, kinds: [] });
		const { stderr } = await world.davit(DEPLOY);
		await expect(golden(stderr)).toMatchFileSnapshot("golden/disk-not-changed.golden");
		want({ wal: 128, spool: 16 });
		await expectSettled();
	});

	test("an orphaned one is attached again by the name that it had, in the place of an empty one, which is orphaned", async () => {
		const [orphan = ""] = orphans();
		want({ wal: 128, "the-log": 32 });
		await deploy();
		const { spool: _, "the-log": empty, ...rest } = disks();
		expect(await onVm(`ls ${DISKS}/the-log`)).toBe("starts\n");
		const unnamed = await world.davit(["attach-disk", "db/0", orphan, "--name", "logs"]);
		expect(unnamed).toMatchObject({ code: 1, stdout: "" });
		expect(unnamed.stderr).toContain('no persistent disk "logs"');
		await killedIn(["detach-disk", "associate-disk"], ["attach-disk", "db/0", orphan]);
		expect(disks()).toEqual({ ...rest, "the-log": orphan });
		expect(orphans()).toContain(empty);
		expect(await onVm(`cat ${DISKS}/the-log/data`)).toBe("kept\n");
		await expectSettled();
	});

	test("--name gives it another; orphan-disk takes one from an instance without a VM", async () => {
		const before = disks();
		const [other = ""] = orphans();
		const { code, stderr } = await world.davit(["attach-disk", "db/0", other, "--name", "wal"]);
		expect(code, stderr).toBe(0);
		expect(disks()).toEqual({ ...before, wal: other });
		expect((await world.davit(["attach-disk", "db/0", before.wal ?? "", "--name", "wal"])).code).toBe(0);
		expect(disks()).toEqual(before);
		expect(await onVm(`cat ${DISKS}/wal/data`)).toBe("kept\n");
		expect((await world.davit(["stop", "-n", "--hard", "db"])).code).toBe(0);
		expect((await world.davit(["orphan-disk", "-n", before["the-log"] ?? ""])).code).toBe(0);
		expect(disks()).toEqual({ wal: before.wal });
		expect((await world.davit(["start", "db"])).code).toBe(0);
		expect(await starts("the-log")).toBe("1");
		expect(disks().wal).toBe(before.wal);
		await expectSettled();
	});

	test("delete-deployment orphans all of them", async () => {
		const held = Object.values(disks());
		await killedIn(["detach-disk", "orphan-disk"], ["delete-deployment", "-n"]);
		expect(orphans()).toEqual(expect.arrayContaining(held));
		expect(listingOf(world.home)).toEqual({ vms: [], disks: [...orphans()].sort() });
	});
});
