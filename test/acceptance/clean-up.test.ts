import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openWorld, type World, withWorld } from "../support/acceptance.ts";
import { killAt } from "../support/acceptance-cut.ts";
import { golden } from "../support/acceptance-golden.ts";
import { listingOf, readState } from "../support/acceptance-state.ts";
import { expectFailure } from "../support/bad-input.ts";
import { users } from "../support/ordinary-user.ts";
import { tinyGroup, tinyManifest, writeTinyRelease } from "../support/tiny-release.ts";

const user = users.at(-1) as (typeof users)[number];
let world: World;

beforeAll(async () => {
	world = openWorld(user);
	writeTinyRelease(world, "release", { jobs: { app: {} } });
	for (const name of ["one", "two"]) {
		world.write(`${name}.yml`, tinyManifest([tinyGroup("db", "app", { persistent_disk: 64 })], { name }));
		const { code, stderr } = await world.davit(["deploy", `${name}.yml`]);
		expect(code, stderr).toBe(0);
	}
	expect((await world.davit(["delete-deployment", "-n", "one"])).code).toBe(0);
});
afterAll(() => world.close());

const cidOf = (deployment: string) =>
	String(readState(world.home).disks.find((disk) => disk.deployment === deployment)?.cid);
const succeed = async (args: readonly string[]) => {
	const { code, stderr } = await world.davit(args);
	expect(code, stderr).toBe(0);
	return golden(stderr);
};

test("a disk that an instance has, one that there is none of, and a question that nobody can answer: nothing is deleted", async () => {
	await expectFailure(world, ["delete-disk", cidOf("two"), "-n"], "a delete-disk of a disk in use");
	await expectFailure(world, ["delete-disk", cidOf("one")], "a delete-disk in a pipe", { code: 4 });
	await expectFailure(world, ["clean-up", "--all"], "a clean-up in a pipe", { code: 4 });
	expect(listingOf(world.home).disks).toHaveLength(2);
});

test("clean-up deletes what has been orphaned for days, and with --all the rest; never what is in use", async () => {
	expect(await succeed(["clean-up", "-n"])).toBe(
		"nothing to clean up\nkept: 1 orphaned for less than 5 days; --all deletes them too\n",
	);
	const { stdout } = await world.davit(["clean-up", "--all", "--dry-run"]);
	expect(golden(stdout)).toMatch(/^disk +disk-CID of db\/0 of one +local +64\.0 MiB$/m);
	expect(listingOf(world.home).disks).toHaveLength(2);
	age("one", 6);
	const { events } = await world.told(["clean-up", "-n"]);
	const rows = events.flatMap((event) => (event.type === "table" ? event.rows : []));
	expect(rows).toMatchObject([{ kind: "disk", cpi: "local", bytes: 64 * 2 ** 20 }]);
	expect((await world.davit(["tasks", "-d", "one"])).stdout).toMatch(/ one +clean-up /);
	expect(listingOf(world.home).disks).toEqual([cidOf("two")]);
	expect(readState(world.home)).toMatchObject({ disks: [{ deployment: "two" }], openIntents: 0 });
	expect(await succeed(["clean-up", "--all", "-n"])).toBe("nothing to clean up\n");
});

test("delete-disk deletes the one that is named; one that its cloud has not stays recorded", async () => {
	expect((await world.davit(["delete-deployment", "-n", "two"])).code).toBe(0);
	const cid = cidOf("two");
	const local = readFileSync(join(import.meta.dirname, "../../manifests/cloud/local.yml"), "utf8");
	const elsewhere = `type: local\n  properties: {folder: ${join(world.folder, "elsewhere")}}`;
	world.write("other.yml", local.replace("type: local", elsewhere));
	await expectFailure(world, ["delete-disk", cid, "-n", "--cloud", "other.yml"], "a delete-disk with another cloud");
	expect(listingOf(world.home).disks).toEqual([cid]);
	expect(await succeed(["delete-disk", cid, "-n"])).toBe("✓ Deleting disk disk-CID of db/0 of two (64 MiB) (N s)\n");
	expect((await world.davit(["tasks", "-d", "two"])).stdout).toMatch(/ two +delete-disk /);
	expect(listingOf(world.home).disks).toEqual([]);
});

test("an image that a deployment uses stays; delete-stemcell deletes it once it has gone", async () => {
	const deployed = await world.davit(["deploy", "two.yml"]);
	expect(deployed.code, deployed.stderr).toBe(0);
	const refused = await world.davit(["delete-stemcell", "local/1", "-n"]);
	expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("local/1 is in use by two") });
	expect((await world.davit(["clean-up", "--all", "--dry-run"])).stdout).not.toContain("local/1");
	expect((await world.davit(["delete-deployment", "-n", "two"])).code).toBe(0);
	expect((await world.davit(["clean-up", "--all", "--dry-run"])).stdout).toMatch(/^stemcell +local\/1 +local/m);
	expect((await world.davit(["delete-stemcell", "local/1"])).code).toBe(4);
	expect((await world.davit(["delete-stemcell", "local/1", "-n"])).code).toBe(0);
	expect((await world.davit(["delete-stemcell", "local/1", "-n"])).stderr).toContain('there is no stemcell "local/1"');
	expect((await world.davit(["clean-up", "--all", "-n"])).code).toBe(0);
});

test("a clean-up --all that is killed between its deletions, wherever: the next one ends it, and what is in use stays", () =>
	withWorld(user, async (own) => {
		writeTinyRelease(own, "release", {
			jobs: { app: { packages: ["words"] } },
			packages: { words: 'echo one >"$BOSH_INSTALL_TARGET/words"' },
		});
		for (const name of ["stays", "one", "two", "three"]) {
			const stemcells = [{ alias: "default", os: "local", version: name === "stays" ? "1" : "2" }];
			const group = tinyGroup("db", "app", { persistent_disk: 64 });
			own.write(`${name}.yml`, tinyManifest([group], { name, stemcells }));
			const { code, stderr } = await own.davit(["deploy", `${name}.yml`]);
			expect(code, stderr).toBe(0);
			if (name !== "stays") expect((await own.davit(["delete-deployment", "-n", name])).code).toBe(0);
		}
		const { disks } = listingOf(own.home);
		expect(disks).toHaveLength(4);
		const args = ["clean-up", "--all", "-n"];
		// Between what is on this machine and the first disk, between two disks, and between the last and the image.
		for (const wanted of ["delete-disk 1", "delete-disk 2", "delete-stemcell 1"]) {
			const seen = new Map<string, number>();
			const killed = await killAt(own, args, (kind) => {
				seen.set(kind, (seen.get(kind) ?? 0) + 1);
				return `${kind} ${seen.get(kind)}` === wanted;
			});
			expect(`${killed} ${seen.get(String(killed))}`).toBe(wanted);
		}
		const last = await own.davit(args);
		expect(last.code, last.stderr).toBe(0);
		const { disks: recorded } = readState(own.home);
		expect(recorded.map(({ deployment }) => deployment)).toEqual(["stays"]);
		expect(listingOf(own.home).disks).toEqual(recorded.map(({ cid }) => cid));
		expect((await own.davit([...args])).stderr).toBe("nothing to clean up\n");
		const again = await own.davit(["deploy", "stays.yml"]);
		expect(again).toMatchObject({ code: 0, stderr: "stays: nothing to do, all is as the manifest says\n" });
	}));

/** As if the disk had been orphaned that many days ago. */
function age(deployment: string, days: number): void {
	const database = new DatabaseSync(join(world.home, "state.db"));
	const since = Date.now() - days * 86_400_000;
	const set = "UPDATE disks SET orphaned_at = ?, record = json_set(record, '$.orphanedAt', ?) WHERE deployment = ?";
	database.prepare(set).run(since, since, deployment);
	database.close();
}
