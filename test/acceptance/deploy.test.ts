import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openWorld, type World } from "../support/acceptance.ts";
import { golden, goldenEvents, startedKinds } from "../support/acceptance-golden.ts";
import { run } from "../support/acceptance-process.ts";
import { expectFailure } from "../support/bad-input.ts";
import { users } from "../support/ordinary-user.ts";
import { notingHooks, tinyGroup, tinyManifest, writeTinyRelease } from "../support/tiny-release.ts";

const manifest = (greeting: string) => tinyManifest(["web", "db"].map((name) => group(name, greeting)));

const group = (name: string, greeting: string) =>
	tinyGroup(name, [{ name: "app", release: "tiny", properties: name === "web" ? { greeting } : {} }], {
		...(name === "db" ? { persistent_disk: 100 } : {}),
	});

describe.each(users)("deploy as $name", (user) => {
	let world: World;

	beforeAll(() => {
		world = openWorld(user);
		writeTinyRelease(world, "release", {
			jobs: {
				app: {
					properties: { greeting: { default: "hello" } },
					templates: { "config/greeting": "<%= p('greeting') %>\n" },
					hooks: notingHooks(["pre-start", "post-start", "post-deploy", "drain"]),
					packages: ["words"],
				},
			},
			packages: { words: 'echo "compiled" >"$BOSH_INSTALL_TARGET/words"' },
		});
		world.write("tiny.yml", manifest("hello"));
	});
	afterAll(() => world.close());

	test("the first one makes all and says each step", async () => {
		const { code, stdout, stderr } = await world.davit(["deploy", "tiny.yml"]);
		expect(code, stderr).toBe(0);
		expect(stdout).toBe("");
		const lines = golden(stderr).trimEnd().split("\n");
		expect(lines.slice(0, 3)).toEqual(["tiny: 23 steps", "  create web/0 (new)", "  create db/0 (new)"]);
		// VMs are made side by side: the order in which their steps end is the machine's.
		await expect(`${lines.slice(3, -1).sort().join("\n")}\n`).toMatchFileSnapshot("golden/first-deploy.golden");
		expect(lines.at(-1)).toBe("tiny: deployed in N s");
	});

	test("the second does nothing and says so", async () => {
		const { code, stdout, stderr } = await world.davit(["deploy", "tiny.yml"]);
		expect({ code, stdout, stderr }).toEqual({
			code: 0,
			stdout: "",
			stderr: "tiny: nothing to do, all is as the manifest says\n",
		});
	});

	test("the same with --json is one object a line on standard output", async () => {
		const { code, stdout, stderr } = await world.davit(["deploy", "--json", "tiny.yml"]);
		expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
		expect(stdout).toBe('{"type":"note","text":"tiny: nothing to do, all is as the manifest says"}\n');
	});

	test("a reader that leaves after the first line ends it without a word", async () => {
		const words = Array.from({ length: 20_000 }, (_, index) => `word ${index}`);
		world.write("long.yml", JSON.stringify({ words }));
		const line = "davit int long.yml | head -n 1; davit --help | head -n 1";
		const { stdout, stderr } = await run(world.command(["bash", "-c", line]));
		expect({ stdout, stderr }).toEqual({ stdout: "words:\nUsage: davit [options] [command]\n", stderr: "" });
	});

	test("DAVIT_LOG names a file that gets every event, calls to the cloud too", async () => {
		const log = join(world.folder, "davit.log");
		for (const _ of [1, 2]) await world.davit(["deploy", "tiny.yml"], { env: { DAVIT_LOG: log } });
		const events = readFileSync(log, "utf8")
			.trimEnd()
			.split("\n")
			.map((line) => JSON.parse(line));
		const of = (type: string) => events.filter((event) => event.type === type);
		expect(of("cpi-call")).toContainEqual(expect.objectContaining({ iaas: "local", verb: "list" }));
		expect(of("note").map(({ text }) => text)).toEqual(
			Array(2).fill("tiny: nothing to do, all is as the manifest says"),
		);
		expect(new Set(events.map(({ pid }) => pid)).size).toBe(2);
		expect(statSync(log).mode & 0o777).toBe(0o600);
	});

	test("a log that can't be written is said before anything is done", async () => {
		const { code, stderr } = await world.davit(["deploy", "tiny.yml"], { env: { DAVIT_LOG: "none/davit.log" } });
		expect({ code, stderr: golden(stderr, world.folder) }).toEqual({
			code: 64,
			stderr: `error: DAVIT_LOG: ENOENT: no such file or directory, open 'FOLDER/none/davit.log'
  → choose another file, or unset DAVIT_LOG
`,
		});
	});

	test("a changed property updates just that instance", async () => {
		world.write("tiny.yml", manifest("good day"));
		const { code, events, stderr } = await world.told(["deploy", "tiny.yml"]);
		expect(code, stderr).toBe(0);
		expect(startedKinds(events).filter((kind) => /vm|compile|disk/.test(kind))).toEqual([]);
		const updated = events.flatMap((event) =>
			event.type === "step-started" && event.kind !== "post-deploy" ? (event.instance ?? []) : [],
		);
		expect([...new Set(updated)]).toEqual(["web/0"]);
		// These may run beside others.
		const free = ["render", "install-packages", "post-deploy"];
		const told = events.filter(
			(event) => event.type !== "step-progress" && !("kind" in event && free.includes(event.kind)),
		);
		await expect(goldenEvents(told)).toMatchFileSnapshot("golden/changed-property.golden");
	});

	test("a manifest that takes away what is there needs consent, with exit code 4", async () => {
		world.write("less.yml", tinyManifest([group("web", "good day")]));
		const { code, stderr } = await world.davit(["deploy", "less.yml"]);
		expect(code).toBe(4);
		await expect(stderr).toMatchFileSnapshot("golden/needs-consent.golden");
	});

	test.each([
		["a manifest without instance groups", []],
		["a group under another name", [group("web", "good day"), group("store", "good day")]],
	])("%s is refused with what it would delete, although -n is given", async (name, groups) => {
		world.write("mistaken.yml", tinyManifest(groups));
		await expectFailure(world, ["deploy", "mistaken.yml", "-n"], name, { code: 4 });
	});

	test.each([
		["a file that is missing", ["deploy", "no-such.yml"], 1],
		["an option that does not exist", ["deploy", "tiny.yml", "--skip-drian", "web"], 64],
		["a command that does not exist", ["deplyo"], 64],
		["a missing argument", ["deploy"], 64],
		["a deployment that does not exist", ["delete-deployment", "tyni"], 1],
		["an instance where a deployment is asked for", ["delete-deployment", "web/0"], 64],
	])("%s: its message and exit code", async (what, args, code) => {
		const outcome = await world.davit(args);
		expect(outcome.code).toBe(code);
		expect(outcome.stdout).toBe("");
		await expect(golden(outcome.stderr, world.folder)).toMatchFileSnapshot(
			`golden/${what.replaceAll(" ", "-")}.golden`,
		);
	});
});
