import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { withWorld } from "../support/acceptance.ts";
import { golden } from "../support/acceptance-golden.ts";
import { listingOf, readState } from "../support/acceptance-state.ts";
import { users } from "../support/ordinary-user.ts";
import { tinyGroup, tinyManifest, writeTinyRelease } from "../support/tiny-release.ts";

const user = users.at(-1) as (typeof users)[number];

test("a disk in no record is kept as orphaned; one that another deployment was given is no such disk", () =>
	withWorld(user, async (world) => {
		const succeed = async (args: readonly string[]) => {
			const { code, stderr } = await world.davit(args);
			expect(code, stderr).toBe(0);
			return golden(stderr);
		};
		const disks = () => readState(world.home).disks;
		writeTinyRelease(world, "release", { jobs: { app: {} } });
		for (const name of ["one", "two"])
			world.write(`${name}.yml`, tinyManifest([tinyGroup("db", "app", { persistent_disk: 64 })], { name }));
		await succeed(["deploy", "one.yml"]);
		await succeed(["deploy", "two.yml"]);
		const given = String(disks().find(({ deployment }) => deployment === "one")?.cid);
		await succeed(["delete-deployment", "-n", "one"]);
		await succeed(["attach-disk", "-d", "two", "db/0", given]);
		expect(await succeed(["deploy", "one.yml"])).not.toContain("in no record");
		expect(disks().find(({ cid }) => cid === given)).toMatchObject({ deployment: "two" });
		expect(disks().find(({ cid }) => cid === given)?.orphanedAt).toBeUndefined();

		const lost = disks().find(({ deployment, orphanedAt }) => deployment === "two" && orphanedAt !== undefined);
		const database = new DatabaseSync(join(world.home, "state.db"));
		database.prepare("DELETE FROM disks WHERE cid = ?").run(String(lost?.cid));
		database.close();
		expect(await succeed(["deploy", "two.yml"])).toContain("At the cloud, and in no record: disk-CID; kept, orphaned.");
		expect(disks().find(({ cid }) => cid === lost?.cid)).toMatchObject({ deployment: "two", instanceName: "db/0" });
		expect(listingOf(world.home).disks.toSorted()).toEqual(
			disks()
				.map(({ cid }) => String(cid))
				.toSorted(),
		);
		expect(await succeed(["deploy", "two.yml"])).toContain("nothing to do");
	}));
