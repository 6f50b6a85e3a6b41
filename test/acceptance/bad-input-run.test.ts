import { chmodSync, readFileSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openWorld, type World } from "../support/acceptance.ts";
import { expectFailure } from "../support/bad-input.ts";
import { oneUser } from "../support/ordinary-user.ts";
import { tinyGroup, tinyManifest, writeTinyRelease } from "../support/tiny-release.ts";

const manifest = (drain: string) =>
	tinyManifest([tinyGroup("web", [{ name: "app", release: "tiny", properties: { drain } }])]);
/** Of all that a command says, why it failed, without what is another's in each run. */
const same = (text: string) =>
	text
		.slice(text.search(/^error: /m))
		.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME")
		.replace(/\S+@\S+ pid \d+/g, "SOMEBODY");

describe.each(oneUser)("what a run meets, as $name", (user) => {
	let world: World;
	const others: DatabaseSync[] = [];

	beforeAll(async () => {
		world = openWorld(user);
		writeTinyRelease(world, "release", {
			jobs: {
				app: { properties: { drain: {} }, templates: { "bin/drain": "#!/bin/bash\n<%= p('drain') %>\n" } },
			},
		});
		world.write("tiny.yml", manifest("echo soon"));
		const { code, stderr } = await world.davit(["deploy", "tiny.yml"]);
		expect(code, stderr).toBe(0);
	});
	afterAll(async () => {
		for (const other of others) other.close();
		await world.close();
	});

	test("a drain script that prints nonsense: the instance, the job and the way past it; the job still runs", async () => {
		world.write("tiny.yml", manifest("echo 0"));
		await expectFailure(world, ["deploy", "tiny.yml"], "a drain script that prints nonsense", { same });
		const { stdout } = await world.davit([
			"ssh",
			"web/0",
			"-c",
			"cat /var/vcap/sys/run/app/app.pid | xargs ps -o comm=",
		]);
		expect(stdout).toBe("sleep\n");
		const { code, stderr } = await world.davit(["deploy", "tiny.yml", "--skip-drain", "web"]);
		expect(code, stderr).toBe(0);
	});

	test("a saved plan while somebody works: it is refused, and kept for later", async () => {
		world.write("tiny.yml", manifest("sleep 3; echo 0"));
		const saved = await world.davit(["plan", "tiny.yml", "--out", "saved.json"]);
		expect(saved.code, saved.stderr).toBe(0);
		const text = readFileSync(join(world.folder, "saved.json"), "utf8");
		const restart = world.start(["restart", "web"]);
		await restart.until((event) => event.type === "step-started");
		await expectFailure(world, ["deploy", "tiny.yml", "--plan", "saved.json"], "a saved plan while somebody works", {
			code: 3,
			same,
		});
		expect(await restart.ended).toMatchObject({ code: 0 });
		expect(readFileSync(join(world.folder, "saved.json"), "utf8")).toBe(text);
	});

	test.each<[string, (file: string) => void]>([
		["a state store of a newer davit", (file) => edit(file, "PRAGMA user_version = 99").close()],
		["a state store that is cut short", (file) => truncateSync(file, 6_000)],
		["a state store that is read-only", (file) => chmodSync(file, 0o400)],
		["a state store that another program has locked", (file) => others.push(edit(file, "BEGIN EXCLUSIVE"))],
	])("%s: the file, and what to do", async (name, spoil) => {
		const folder = name.replaceAll(" ", "-");
		world.write(`${folder}/none`, "");
		const backup = await world.davit(["state", "backup", join(folder, "state.db")]);
		expect(backup.code, backup.stderr).toBe(0);
		spoil(join(world.folder, folder, "state.db"));
		await expectFailure(world, ["deploy", "tiny.yml", "--state", folder], name, { same });
	});
});

function edit(file: string, sql: string): DatabaseSync {
	const database = new DatabaseSync(file);
	database.exec(sql);
	return database;
}
