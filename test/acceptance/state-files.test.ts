import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openWorld, type World } from "../support/acceptance.ts";
import { run } from "../support/acceptance-process.ts";
import { readState } from "../support/acceptance-state.ts";
import { expectFailure } from "../support/bad-input.ts";
import { users } from "../support/ordinary-user.ts";
import { tinyGroup, tinyManifest, writeTinyRelease } from "../support/tiny-release.ts";

const user = users.at(-1) as (typeof users)[number];
const same = (text: string) =>
	text
		.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME")
		.replace(/\S+@\S+( pid \d+)?/g, "SOMEBODY")
		.replace(/\b[0-9a-f]{16}\b/g, "KEY-ID");

describe("the state store", () => {
	let world: World;
	const at = (...parts: readonly string[]) => join(world.folder, ...parts);
	const davit = async (...args: readonly string[]) => {
		const { code, stdout, stderr } = await world.davit(args);
		expect(code, stderr).toBe(0);
		return stdout + stderr;
	};
	/** Folders of stores beside davit's home, which holds the VMs. */
	const elsewhere = (name: string) => ["--state", at(name)];

	beforeAll(async () => {
		world = openWorld(user);
		writeTinyRelease(world, "release", {
			jobs: { app: { hooks: { drain: "while [ -e /var/vcap/sys/log/hold ]; do sleep 0.1; done; echo 0" } } },
		});
		world.write("tiny.yml", tinyManifest([tinyGroup("web")], { variables: [{ name: "password", type: "password" }] }));
		await davit("deploy", "tiny.yml");
	});
	afterAll(() => world.close());

	test("a backup is a store as it was, made while somebody works, and opens with the same key", async () => {
		await davit("ssh", "web/0", "-c", "sudo touch /var/vcap/sys/log/hold");
		const restart = world.start(["restart", "web"]);
		await restart.until((event) => event.type === "step-started" && event.kind === "stop");
		await davit("state", "backup", "backup.db");
		await davit("ssh", "web/0", "-c", "sudo rm /var/vcap/sys/log/hold");
		expect((await restart.ended).code).toBe(0);
		expect(statSync(at("backup.db")).mode & 0o777).toBe(0o600);
		await run(world.command(["sh", "-c", "mkdir restored && cp backup.db restored/state.db"]));
		const shown = ["variables", "--show", "password"];
		expect((await world.davit([...shown, ...elsewhere("restored")])).stdout).toBe((await world.davit(shown)).stdout);
		rmSync(at("restored"), { recursive: true });
	});

	test("sealed with another key, it opens with that one alone, and nothing looks changed to the next deploy", async () => {
		const show = ["variables", "--show", "password"];
		const password = (await world.davit(show)).stdout;
		const sealed = () => {
			const database = new DatabaseSync(join(world.home, "state.db"), { readOnly: true });
			const rows = database
				.prepare("SELECT sealed FROM variables UNION SELECT record FROM deployments UNION SELECT record FROM instances")
				.all();
			database.close();
			return rows.flatMap((row) => String(row.sealed).match(/davit1\.[\w.-]+/g) ?? []);
		};
		const before = sealed();
		expect(before.length).toBeGreaterThan(3);
		expect(await davit("state", "rekey", "keys/new")).toContain("the key of this state store from now on");
		expect(sealed()).toHaveLength(before.length);
		const bytes = readFileSync(join(world.home, "state.db"), "latin1");
		expect(before.filter((text) => bytes.includes(text))).toEqual([]);
		await expectFailure(world, ["deploy", "tiny.yml"], "a key that was replaced", { code: 1, same });
		await expectFailure(world, show, "a key that was replaced, for a variable", { code: 1, same });
		const env = { DAVIT_KEY: readFileSync(at("keys/new"), "utf8").trim() };
		expect((await world.davit(show, { env })).stdout).toBe(password);
		const deploy = await world.davit(["deploy", "tiny.yml"], { env });
		expect(deploy).toMatchObject({ code: 0, stderr: expect.stringContaining("tiny: nothing to do") });
		expect((await world.davit(["state", "rekey", "keys/new"], { env })).stderr).toContain("is sealed with already");
		world.write("keys/former", `${"5f".repeat(32)}\n`, 0o600);
		expect((await world.davit(["state", "rekey", "keys/former"], { env })).code).toBe(0);
		expect((await world.davit(show)).stdout).toBe(password);
		expect((await world.davit(["deploy", "tiny.yml"])).stderr).toContain("nothing to do");
	});

	test("while a deployment is worked on, or a run was cut short, no other key is given to it", async () => {
		await davit("ssh", "web/0", "-c", "sudo touch /var/vcap/sys/log/hold");
		const restart = world.start(["restart", "web"]);
		await restart.until((event) => event.type === "step-started" && event.kind === "stop");
		await expectFailure(world, ["state", "rekey", "keys/later"], "a store in use, for another key", { code: 3, same });
		await davit("ssh", "web/0", "-c", "sudo rm /var/vcap/sys/log/hold");
		expect((await restart.ended).code).toBe(0);
		const recreate = world.start(["recreate", "web/0", "-n"]);
		await recreate.until((event) => event.type === "step-started" && event.kind === "create-vm");
		await expect.poll(() => readState(world.home).openIntents, { interval: 5, timeout: 20_000 }).toBe(1);
		recreate.signal("SIGKILL");
		await recreate.ended;
		await expectFailure(world, ["state", "rekey", "keys/later"], "a run that was cut short, for another key", {
			code: 1,
			same,
		});
		await davit("recreate", "web/0", "-n");
	});

	test("exported, it goes on elsewhere, and here it refuses and says where it went; brought back, it goes on here", async () => {
		const password = (await world.davit(["variables", "--show", "password"])).stdout;
		expect(await davit("state", "export", "moved.davit")).toContain("This one refuses from now on");
		const text = readFileSync(at("moved.davit"), "latin1");
		expect(statSync(at("moved.davit")).mode & 0o777).toBe(0o600);
		for (const clear of ["tiny", "web", password.trim(), "SQLite"])
			expect(text.split("\n").slice(1).join("\n")).not.toContain(clear);
		for (const args of [["deploy", "tiny.yml"], ["plan", "tiny.yml"], ["vms"]] as const)
			await expectFailure(world, args, "a store that was moved", { code: 4, same });

		await davit("state", "import", "moved.davit", ...elsewhere("laptop"));
		expect((await world.davit(["variables", "--show", "password", ...elsewhere("laptop")])).stdout).toBe(password);
		expect(await davit("deploy", "tiny.yml", ...elsewhere("laptop"))).toContain("nothing to do");
		await davit("restart", "web", ...elsewhere("laptop"));

		await davit("state", "export", "back.davit", ...elsewhere("laptop"));
		await davit("state", "import", "back.davit");
		expect(await davit("deploy", "tiny.yml")).toContain("nothing to do");
		expect(await davit("events", "--verify")).toContain("as they were written");
		expect(
			readdirSync(world.home)
				.filter((name) => name.startsWith("state.db"))
				.every((name) => /^state\.db(-wal|-shm)?$/.test(name)),
		).toBe(true);
	});

	test("what can't be imported or exported is told, and nothing is lost", async () => {
		await davit("state", "export", "good.davit");
		await davit("state", "import", "good.davit");
		const good = readFileSync(at("good.davit"));
		const files = {
			"a state export that is cut short": good.subarray(0, good.length - 20),
			"a state export that was changed": Buffer.from(good).fill(0, good.length - 30, good.length - 25),
			"a state export whose first line was changed": Buffer.from(
				good.toString("latin1").replace("exported_by", "exported_as"),
				"latin1",
			),
			"a file that is no state export": Buffer.from("SQLite format 3\0"),
		};
		for (const [name, bytes] of Object.entries(files)) {
			writeFileSync(at("bad.davit"), bytes);
			await expectFailure(world, ["state", "import", "bad.davit", ...elsewhere("new")], name, { same });
			expect(existsSync(at("new"))).toBe(false);
		}
		const other = { env: { DAVIT_KEY: "ab".repeat(32) } };
		await expectFailure(
			world,
			["state", "import", "good.davit", ...elsewhere("new")],
			"a state export with another key",
			{ same, options: other },
		);
		await expectFailure(world, ["state", "import", "nowhere.davit"], "a state export that is missing");
		await expectFailure(world, ["state", "import", "good.davit"], "a state export over the store in use", {
			code: 4,
			same,
		});
		await expectFailure(world, ["state", "export", "nowhere/x"], "a state export into a folder that is missing");
		await expectFailure(world, ["state", "explode", "x"], "a state command that does not exist", { code: 64 });
		expect(await davit("deploy", "tiny.yml")).toContain("nothing to do");
	});

	test("while somebody works it can't be exported", async () => {
		await davit("ssh", "web/0", "-c", "sudo touch /var/vcap/sys/log/hold");
		const restart = world.start(["restart", "web"]);
		await restart.until((event) => event.type === "step-started" && event.kind === "stop");
		await expectFailure(world, ["state", "export", "early.davit"], "a state export while somebody works", {
			code: 3,
			same,
		});
		await davit("ssh", "web/0", "-c", "sudo rm /var/vcap/sys/log/hold");
		expect((await restart.ended).code).toBe(0);
		expect(existsSync(at("early.davit"))).toBe(false);
	});
});
