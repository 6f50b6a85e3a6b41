import { copyFileSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { InstanceRecord } from "../../src/state/state.ts";
import { openWorld, type World } from "../support/acceptance.ts";
import { golden } from "../support/acceptance-golden.ts";
import { listingOf, readState, recordedListing } from "../support/acceptance-state.ts";
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
		if (readState(world.home).instances.length === 0) copyFileSync(join(world.folder, "backup.db"), join(world.home, "state.db"));
		await world.close();
	});

	async function succeed(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
		const { code, stdout, stderr } = await world.davit(args, { env });
		expect(code, `${args.join(" ")}: ${stderr}`).toBe(0);
		return `${stdout}${stderr}`;
	}

	async function refused(args: readonly string[], exitCode: number): Promise<string> {
		const { code, stderr } = await world.davit(args);
		expect(code, stderr).toBe(exitCode);
		return stderr;
	}

	function loseState(): void {
		for (const name of readdirSync(world.home)) if (name.startsWith("state.db")) rmSync(join(world.home, name));
	}

	test("records all that is there: a deploy has nothing to do, data and orphaned disk are kept, VMs are entered", async () => {
		loseState();
		const shown = await succeed(["adopt", "-n", "tiny.yml", "--vars-store", "store.yml"]);
		expect(golden(shown)).toContain("tiny: nothing to do");
		expect(await succeed(["deploy", "tiny.yml"])).toBe("tiny: nothing to do, all is as the manifest says\n");
		expect(listingOf(world.home)).toEqual(recordedListing(world.home));
		expect(readState(world.home).instances.map(essence)).toEqual(before.instances.map(essence));
		expect(await succeed(["ssh", "db/0", "-c", "cat /var/vcap/store/data"])).toContain("precious");
	});
});

/** All but what only the lost store knew. */
function essence({ vm, applied, ...record }: InstanceRecord) {
	const { createdAt: _, ...own } = vm ?? { createdAt: 0 };
	return { ...record, vm: own, applied };
}
