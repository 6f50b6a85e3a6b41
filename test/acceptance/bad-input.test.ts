import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openWorld, type World } from "../support/acceptance.ts";
import { listingOf } from "../support/acceptance-state.ts";
import { expectFailure, expectFailureEvents } from "../support/bad-input.ts";
import { users } from "../support/ordinary-user.ts";
import { tinyGroup, tinyManifest } from "../support/tiny-release.ts";
import { type BadInput, badManifests, cloud } from "./bad-input-manifests.ts";
import { badReleases, writeReleaseOfJobs } from "./bad-input-releases.ts";

const good = tinyManifest([tinyGroup("web", [{ name: "app", release: "tiny", properties: { greeting: "hello" } }])]);

/** Nothing here is unknown, so all of it fails before a VM is made; then, with a deployment there, before it is touched. */
const inputs = [...badManifests, ...badReleases];

describe.each(users.slice(-1))("input that is wrong, as $name", (user) => {
	let world: World;

	beforeAll(() => {
		world = openWorld(user);
		writeReleaseOfJobs(world);
		world.write("cloud.yml", cloud);
		world.write("good.yml", good);
	});
	afterAll(() => world.close());

	const deploy = ({ manifest = "bad.yml", args = ["--cloud", "cloud.yml"] }: BadInput) => ["deploy", manifest, ...args];

	test.each(inputs)("$name: its message, and nothing is made", async (input) => {
		await input.write(world);
		await expectFailure(world, deploy(input), input.name, input);
		expect(listingOf(world.home)).toEqual({ vms: [], disks: [] });
	});

	test("after all of them a deploy goes through", async () => {
		const { code, stderr } = await world.davit(["deploy", "good.yml", "--cloud", "cloud.yml"]);
		expect(code, stderr).toBe(0);
	});

	test.each(inputs)("$name, with a deployment there: the same for programs, and it stays", async (input) => {
		await input.write(world);
		const before = listingOf(world.home);
		await expectFailureEvents(world, [...deploy(input), "-n"], input.name, input);
		expect(listingOf(world.home)).toEqual(before);
	});

	test("after all of them a deploy has nothing to do", async () => {
		const { code, stderr } = await world.davit(["deploy", "good.yml"]);
		expect({ code, stderr }).toEqual({ code: 0, stderr: "tiny: nothing to do, all is as the manifest says\n" });
	});
});
