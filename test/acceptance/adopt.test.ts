import { copyFileSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { generateKeyPair } from "../../src/ssh/keys.ts";
import type { InstanceRecord, VmRecord } from "../../src/state/state.ts";
import { openWorld, type World } from "../support/acceptance.ts";
import { golden } from "../support/acceptance-golden.ts";
import { firstProcess, listingOf, readState, recordedListing } from "../support/acceptance-state.ts";
import { users } from "../support/ordinary-user.ts";
import { tinyGroup, tinyManifest, writeTinyRelease } from "../support/tiny-release.ts";

const user = users.at(-1) ?? { name: "nobody", argv: [] };
const OTHER_KEY = { DAVIT_KEY: "7a".repeat(32) };

describe(`adopt as ${user.name}`, () => {
	let world: World;
	let before: ReturnType<typeof readState>;
	const manifest = (instances: number) => {
		const app = { name: "app", release: "tiny", properties: { password: "((password))" } };
		return tinyManifest([tinyGroup("db", [app], { instances, persistent_disk: 100 }), tinyGroup("web")], {
			variables: [{ name: "password", type: "password" }],
		});
	};

	beforeAll(async () => {
		world = openWorld(user);
		const templates = { "config/app.yml": "password: <%= p('password', 'none') %>\nid: <%= spec.id %>\n" };
		const packages = { tool: 'echo "a tool" >"$BOSH_INSTALL_TARGET/tool"' };
		const app = { templates, properties: { password: {} }, packages: ["tool"] };
		writeTinyRelease(world, "release", { jobs: { app }, packages });
		world.write("store.yml", "password: kept-elsewhere\n");
		for (const instances of [2, 1]) {
			world.write("tiny.yml", manifest(instances));
			await succeed(["deploy", "-n", "tiny.yml", "--vars-store", "store.yml"]);
		}
		await succeed(["ssh", "db/0", "-c", "echo precious | sudo tee /var/vcap/store/data"]);
		await succeed(["ssh-config"]);
		before = readState(world.home);
		// Adopted or not, it can be deleted when all is over.
		await succeed(["state", "backup", "backup.db"]);
	});
	afterAll(async () => {
		if (readState(world.home).instances.length === 0)
			copyFileSync(join(world.folder, "backup.db"), join(world.home, "state.db"));
		await world.close();
	});

	async function succeed(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
		const { code, stdout, stderr } = await world.davit(args, { env });
		expect(code, `${args.join(" ")}: ${stderr}`).toBe(0);
		return `${stdout}${stderr}`;
	}

	const shownText = (text: string) => golden(text, world.folder).replace(/SHA256:\S+/g, "SHA256:KEY");

	function loseState(): void {
		for (const name of readdirSync(world.home)) if (name.startsWith("state.db")) rmSync(join(world.home, name));
	}

	const ADOPT = ["adopt", "-n", "tiny.yml", "--vars-store", "store.yml"];

	test("records all that is there: a deploy has nothing to do, data and orphaned disk are kept, VMs are entered", async () => {
		loseState();
		const shown = await succeed(ADOPT);
		await expect(shownText(shown)).toMatchFileSnapshot("golden/adopt.golden");
		expect(await succeed(["deploy", "tiny.yml"])).toBe("tiny: nothing to do, all is as the manifest says\n");
		expect(listingOf(world.home)).toEqual(recordedListing(world.home));
		const { instances, disks } = readState(world.home);
		expect(essence(instances)).toEqual(essence(before.instances));
		const orphans = (of: typeof disks) => of.flatMap(({ cid, orphanedAt }) => (orphanedAt === undefined ? [] : [cid]));
		expect(orphans(disks)).toEqual(orphans(before.disks));
		expect(await succeed(["ssh", "db/0", "-c", "cat /var/vcap/store/data"])).toContain("precious");
		expect(await succeed(["tasks"])).toMatch(/done .* adopt/);
	});

	test("with another key for the store, jobs are told by their files: a deploy has nothing to do, and an edited file is made anew", async () => {
		loseState();
		// Then nothing is known of the VMs' host keys either.
		rmSync(join(world.home, "ssh/tiny/known_hosts"));
		await succeed(ADOPT, OTHER_KEY);
		expect(await succeed(["deploy", "tiny.yml"], OTHER_KEY)).toContain("nothing to do");
		await succeed(["ssh", "web/0", "-c", "echo edited | sudo tee /var/vcap/jobs/app/config/app.yml"], OTHER_KEY);
		loseState();
		const shown = await succeed(ADOPT, { DAVIT_KEY: "8b".repeat(32) });
		expect(shown).toContain("web/0: update; its jobs are stopped and started");
		expect(shown).toContain("configuration: job app");
		expect(shown).toContain("1 of 2 instances changes");
	});

	describe("refuses, and records nothing", () => {
		test.each([
			["variables whose values are lost", 4, ["adopt", "-n", "tiny.yml"]],
			["a key that no VM lets in", 4, [...ADOPT, "--fix", "--private-key", "wrong-key"]],
			["a key that is none", 1, [...ADOPT, "--private-key", "tiny.yml"]],
			["no consent", 4, ADOPT.filter((word) => word !== "-n")],
			["a store that made nothing here", 1, [...ADOPT, "--store", "11111111-2222-3333-4444-555555555555"]],
		])("%s", async (what, exitCode, args) => {
			loseState();
			world.write("wrong-key", generateKeyPair("wrong").privateKey, 0o600);
			const { code, stderr } = await world.davit(args);
			expect(code, stderr).toBe(exitCode);
			await expect(shownText(stderr)).toMatchFileSnapshot(`golden/adopt-${what.replaceAll(" ", "-")}.golden`);
			expect(readState(world.home).instances).toEqual([]);
		});

		test("a store that has the deployment, or others", async () => {
			loseState();
			world.write("other.yml", tinyManifest([tinyGroup("other", [])], { name: "other" }));
			await succeed(["deploy", "other.yml"]);
			const { code, stderr } = await world.davit(ADOPT);
			expect(code, stderr).toBe(4);
			expect(stderr).toContain("this state store has things of its own: other; it can't become the lost store");
			expect(readState(world.home).instances.map(({ group }) => group)).toEqual(["other"]);
			await succeed(["delete-deployment", "-n", "other"]);
			loseState();
			await succeed(ADOPT);
			const again = await world.davit(ADOPT);
			expect(again.code, again.stderr).toBe(4);
			expect(again.stderr).toContain("tiny is recorded in this state store: there is nothing to adopt");
		});
	});

	test("killed while it looks, nothing is recorded; again it gets through", async () => {
		loseState();
		const running = world.start(ADOPT);
		await running.until((event) => event.type === "cpi-call" || event.type === "table").catch(() => {});
		running.signal("SIGKILL");
		await running.ended;
		expect(readState(world.home).instances).toEqual([]);
		await succeed(ADOPT);
	});

	test("a VM that was killed is named; with --fix the next deploy makes another with its disk", async () => {
		const db = readState(world.home).instances.find(({ group }) => group === "db") as InstanceRecord;
		loseState();
		process.kill(firstProcess(world.home, String(db.vm?.cid)), "SIGKILL");
		const { code, stderr } = await world.davit(ADOPT);
		expect(code).toBe(4);
		expect(stderr).toContain(`db/0: VM ${db.vm?.cid}: it is powered off`);
		const { stderr: asked } = await world.davit([...ADOPT.filter((word) => word !== "-n"), "--fix"]);
		expect(asked).toContain(`db/0: VM ${db.vm?.cid} is left out, and deleted by the next deploy: it is powered off`);
		await succeed([...ADOPT, "--fix"]);
		await succeed(["deploy", "tiny.yml"]);
		expect(readState(world.home).instances.find(({ id }) => id === db.id)).toMatchObject({
			disk: db.disk,
			ips: db.ips,
		});
		expect(await succeed(["ssh", "db/0", "-c", "cat /var/vcap/store/data"])).toContain("precious");
		expect(listingOf(world.home)).toEqual(recordedListing(world.home));
	});
});

/** Without what only the lost store knew, such as when a VM was made. */
function essence(instances: readonly InstanceRecord[]) {
	return Object.fromEntries(
		instances.map(({ id, group, index, az, bootstrap, ips, disk, wanted, dirty, vm, applied }) => {
			const { createdAt: _, hostKeys, ...own } = vm as VmRecord;
			const keys = hostKeys.map((line) => line.split(" ").slice(0, 2));
			return [id, { group, index, az, bootstrap, ips, disk, wanted, dirty, own, keys, applied }];
		}),
	);
}
