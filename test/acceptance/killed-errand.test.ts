import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { type World, withWorld } from "../support/acceptance.ts";
import { killAt, killInEachKind } from "../support/acceptance-cut.ts";
import { listingOf, recordedListing, vmRoot } from "../support/acceptance-state.ts";
import { oneUser, users } from "../support/ordinary-user.ts";
import { note, tinyGroup, tinyManifest, writeTinyRelease } from "../support/tiny-release.ts";

/** What the errand waits for, on its VM. */
const GO = "var/vcap/data/go";

const NOTHING = { code: 0, stdout: "", stderr: "tiny: nothing to do, all is as the manifest says\n" };

function writeInputs(world: World, groups: Parameters<typeof tinyManifest>[0]): void {
	const waits = [note("run", "smoke"), `until [ -e /${GO} ]; do sleep 0.1; done`, "echo all is well"];
	writeTinyRelease(world, "release", {
		jobs: {
			app: {},
			smoke: { process: false, hooks: { run: [...waits, note("end", "smoke")].join("\n") } },
			quick: { process: false, hooks: { run: "echo all is well" } },
		},
	});
	world.write("tiny.yml", tinyManifest(groups));
}

async function deploy(world: World): Promise<void> {
	const { code, stderr } = await world.davit(["deploy", "tiny.yml"]);
	expect(code, stderr).toBe(0);
}

describe.each(oneUser)("run-errand, killed while the errand runs on its VM, as $name", (user) => {
	test("it runs on; a deploy leaves it alone, the next run-errand waits for it and tells its result", () =>
		withWorld(user, async (world) => {
			writeInputs(world, [
				tinyGroup(
					"web",
					["app", "smoke"].map((name) => ({ name, release: "tiny" })),
				),
			]);
			await deploy(world);
			const root = vmRoot(world.home, "web/0");
			const times = (what: string) => {
				const file = join(root, "var/vcap/data/sys/log/order");
				const order = existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
				return order.filter((line) => line === `smoke ${what}`).length;
			};
			const killedInRun = async (number: number) => {
				const running = world.start(["run-errand", "smoke"]);
				await vi.waitUntil(() => times("run") === number, { timeout: 120_000 });
				running.signal("SIGKILL");
				await running.ended;
			};
			const told = { code: 0, stdout: expect.stringContaining("all is well") };

			await killedInRun(1);
			expect(await world.davit(["deploy", "tiny.yml"])).toEqual(NOTHING);
			const next = world.start(["run-errand", "smoke"]);
			await next.until(({ type }) => type === "step-started");
			expect(times("end")).toBe(0);
			world.write(join("home", root.slice(world.home.length), GO), "");
			expect(await next.ended).toMatchObject(told);
			expect([times("run"), times("end")]).toEqual([1, 1]);

			rmSync(join(root, GO));
			await killedInRun(2);
			world.write(join("home", root.slice(world.home.length), GO), "");
			await vi.waitUntil(() => times("end") === 2, { timeout: 120_000 });
			expect(await world.davit(["run-errand", "smoke"])).toMatchObject(told);
			expect(times("run")).toBe(2);
			expect(await world.davit(["run-errand", "smoke"])).toMatchObject(told);
			expect(times("run")).toBe(3);
		}));
});

const user = users.at(-1) ?? { name: "nobody", argv: [] };

describe(`run-errand on a VM of its own, killed, as ${user.name}`, () => {
	test("once in each kind of step, one after the other: the errand is told, its VM is gone, a deploy has nothing to do", () =>
		withWorld(user, async (world) => {
			const checks = [{ name: "quick", release: "tiny" }];
			writeInputs(world, [tinyGroup("web"), tinyGroup("checks", checks, { lifecycle: "errand" })]);
			await deploy(world);
			const { vms } = listingOf(world.home);
			expect(await killAt(world, ["run-errand", "checks"], (kind) => kind === "errand")).toBe("errand");
			expect(await world.davit(["deploy", "tiny.yml"])).toEqual(NOTHING);
			expect(listingOf(world.home)).toEqual(recordedListing(world.home));
			const { code, stdout } = await world.davit(["run-errand", "checks"]);
			expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining("all is well") });
			expect(listingOf(world.home).vms).toEqual(vms);
			const killed = await killInEachKind(world, ["run-errand", "checks"]);
			expect([...killed]).toEqual(
				expect.arrayContaining(["create-vm", "bootstrap-vm", "install-jobs", "errand", "delete-vm"]),
			);
			expect(listingOf(world.home).vms).toEqual(vms);
			expect(recordedListing(world.home).vms).toEqual(vms);
			expect(await world.davit(["deploy", "tiny.yml"])).toEqual(NOTHING);
		}));
});
