import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openWorld, type World } from "../support/acceptance.ts";
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
	const line = "disk disk-CID of db/0 of one (64 MiB) is deleted with its data\n";
	expect(await succeed(["clean-up", "--all", "--dry-run"])).toBe(line);
	expect(listingOf(world.home).disks).toHaveLength(2);
	age("one", 6);
	expect(await succeed(["clean-up", "-n"])).toBe("deleted disk disk-CID of db/0 of one\n");
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
	expect(await succeed(["delete-disk", cid, "-n"])).toBe("deleted disk disk-CID of db/0 of two\n");
	expect(listingOf(world.home).disks).toEqual([]);
});

/** As if the disk had been orphaned that many days ago. */
function age(deployment: string, days: number): void {
	const database = new DatabaseSync(join(world.home, "state.db"));
	const since = Date.now() - days * 86_400_000;
	const set = "UPDATE disks SET orphaned_at = ?, record = json_set(record, '$.orphanedAt', ?) WHERE deployment = ?";
	database.prepare(set).run(since, since, deployment);
	database.close();
}
