import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type World, withWorld } from "../support/acceptance.ts";
import { killAt, killInEachKind } from "../support/acceptance-cut.ts";
import { startedKinds } from "../support/acceptance-golden.ts";
import { listingOf, recordedListing, vmRoot } from "../support/acceptance-state.ts";
import { oneUser, type User, users } from "../support/ordinary-user.ts";
import { notingHooks, tinyGroup, tinyManifest, writeTinyRelease } from "../support/tiny-release.ts";

const manifest = (greeting: string) =>
	tinyManifest(
		[
			tinyGroup(
				"web",
				[{ name: "app", release: "tiny", properties: { greeting, password: "((password))", tls: "((tls))" } }],
				{
					persistent_disk: 100,
				},
			),
		],
		{
			variables: [
				{ name: "password", type: "password" },
				{ name: "ca", type: "certificate", options: { is_ca: true, common_name: "ca" } },
				{ name: "tls", type: "certificate", options: { ca: "ca", common_name: "app" } },
			],
		},
	);

function writeInputs(world: World, greeting = "hello"): void {
	writeTinyRelease(world, "release", {
		jobs: {
			app: {
				properties: { greeting: {}, password: {}, tls: {} },
				templates: { "config/app": "<%= p('greeting') %> <%= p('password') %> <%= p('tls.certificate') %>\n" },
				hooks: notingHooks(["pre-start", "post-start", "post-deploy", "drain"]),
				packages: ["words"],
			},
		},
		packages: { words: 'echo "compiled" >"$BOSH_INSTALL_TARGET/words"' },
	});
	world.write("tiny.yml", manifest(greeting));
}

/** The end that every way must lead to. */
async function expectDeployed(world: World): Promise<void> {
	const again = await world.davit(["deploy", "tiny.yml"]);
	expect(again).toEqual({ code: 0, stdout: "", stderr: "tiny: nothing to do, all is as the manifest says\n" });
	expect(listingOf(world.home)).toEqual(recordedListing(world.home));
	expect(listingOf(world.home)).toMatchObject({ vms: [expect.any(String)], disks: [expect.any(String)] });
	const order = readFileSync(join(vmRoot(world.home, "web/0"), "var/vcap/data/sys/log/order"), "utf8")
		.trim()
		.split("\n");
	const last = order.slice(order.lastIndexOf("app pre-start"));
	expect(last, order.join()).toEqual(["app pre-start", "app start", "app post-start", "app post-deploy"]);
}

describe.each(oneUser)("killed, as $name", (user) => {
	test("once in each kind of step of the first deploy, one after the other: the end is the same", () =>
		withWorld(user, async (world) => {
			writeInputs(world);
			const killed = await killInEachKind(world, ["deploy", "tiny.yml"]);
			expect([...killed]).toEqual(
				expect.arrayContaining(["make-variables", "render", "create-vm", "compile-package", "attach-disk", "start"]),
			);
			await expectDeployed(world);
		}));

	test(
		"once in each kind of step of an update, then of a recreate: the end is the same, the disk's data is kept",
		{
			timeout: 900_000,
		},
		() =>
			withWorld(user, async (world) => {
				writeInputs(world);
				expect(await world.davit(["deploy", "tiny.yml"])).toMatchObject({ code: 0 });
				const { disks } = listingOf(world.home);
				world.write("tiny.yml", manifest("good day"));
				const updated = await killInEachKind(world, ["deploy", "tiny.yml"]);
				expect([...updated]).toEqual(expect.arrayContaining(["stop", "install-jobs", "start", "record-deploy"]));
				await expectDeployed(world);
				const recreated = await killInEachKind(world, ["deploy", "-n", "--recreate", "tiny.yml"]);
				expect([...recreated]).toEqual(
					expect.arrayContaining(["stop", "detach-disk", "delete-vm", "create-vm", "attach-disk"]),
				);
				await expectDeployed(world);
				expect(listingOf(world.home).disks).toEqual(disks);
			}),
	);
});

describe(`killed in one kind of step of a first deploy, as ${users[0]?.name}`, () => {
	test("each kind: the next deploy ends the same", async () => {
		const [user] = users;
		if (!user) throw new Error("nobody runs the tests");
		const kinds: string[] = [];
		await withWorld(user, async (world) => {
			writeInputs(world);
			const { code, events } = await world.told(["deploy", "tiny.yml"]);
			expect(code).toBe(0);
			kinds.push(...new Set(startedKinds(events)));
		});
		expect(kinds).toContain("create-vm");
		// A deploy waits more than it computes: some of these worlds fit beside each other.
		const lane = async () => {
			for (let kind = kinds.shift(); kind !== undefined; kind = kinds.shift()) await killedOnce(user, kind);
		};
		await Promise.all([lane(), lane(), lane()]);
	});
});

function killedOnce(user: User, kind: string): Promise<void> {
	return withWorld(user, async (world) => {
		writeInputs(world);
		expect(await killAt(world, ["deploy", "tiny.yml"], (candidate) => candidate === kind)).toBe(kind);
		const { code, stderr } = await world.davit(["deploy", "tiny.yml"]);
		expect(code, `after a kill in ${kind}: ${stderr}`).toBe(0);
		await expectDeployed(world).catch((error: Error) => {
			error.message = `after a kill in ${kind}: ${error.message}`;
			throw error;
		});
	});
}
