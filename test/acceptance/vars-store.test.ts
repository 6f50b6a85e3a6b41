import { chmodSync, existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseYaml } from "../../src/manifest/yaml.ts";
import { openWorld, type World, withWorld } from "../support/acceptance.ts";
import { run } from "../support/acceptance-process.ts";
import { expectFailure } from "../support/bad-input.ts";
import { findOnPath } from "../support/on-path.ts";
import { users } from "../support/ordinary-user.ts";
import { tinyGroup, tinyManifest, writeTinyRelease } from "../support/tiny-release.ts";

const MANIFEST = `password: ((password))
key: ((login.public_key))
variables:
- {name: password, type: password}
- {name: login, type: ssh}
- {name: given, type: password}
`;
const INT = ["int", "m.yml", "--vars-store", "store.yml", "-v", "given=here"];
const ordinary = users.at(-1) as (typeof users)[number];
const bosh = findOnPath("bosh");

const store = (world: World) => readFileSync(join(world.folder, "store.yml"), "utf8");
const inWorld = (work: (world: World) => Promise<void>) =>
	withWorld(ordinary, async (world) => {
		world.write("m.yml", MANIFEST);
		await work(world);
	});

describe("int --vars-store", () => {
	test("a new file is for its owner only; the second run takes all from it and writes nothing", () =>
		inWorld(async (world) => {
			const first = await world.davit(INT);
			expect(first.code, first.stderr).toBe(0);
			expect(parseYaml(first.stdout, "out").value).toMatchObject({
				password: expect.stringMatching(/^[a-z0-9]{20}$/),
				key: expect.stringMatching(/^ssh-rsa /),
				variables: [],
			});
			const { mode, ino } = statSync(join(world.folder, "store.yml"));
			expect(mode & 0o777).toBe(0o600);
			expect(await world.davit(INT)).toEqual(first);
			expect(statSync(join(world.folder, "store.yml")).ino).toBe(ino);
			expect(store(world)).not.toContain("given");
		}));

	test("what stood in the file stays, in its place and with its mode; what is new comes after it", () =>
		inWorld(async (world) => {
			world.write("store.yml", "other: {kept: [1]}\nlogin: {public_key: as it was}\n", 0o640);
			const { code, stdout, stderr } = await world.davit(INT);
			expect(code, stderr).toBe(0);
			expect(stdout).toContain("key: as it was\n");
			expect(store(world)).toMatch(/^other: \{kept: \[1\]\}\nlogin: \{public_key: as it was\}\npassword: \w{20}\n$/);
			expect(statSync(join(world.folder, "store.yml")).mode & 0o777).toBe(0o640);
		}));

	test.each([
		["a vars store that is a list", "- a\n", INT],
		["a vars store that is no YAML", "a: [", INT],
		[
			"a vars store beside a variable that nothing gives",
			"login: {public_key: a}\n",
			[...INT, "--var-errs", "-o", "ops.yml"],
		],
	])("%s is told, and nothing is written", (name, text, args) =>
		inWorld(async (world) => {
			world.write("ops.yml", "- {type: replace, path: '/more?', value: ((nowhere))}\n");
			world.write("store.yml", text);
			await expectFailure(world, args, name);
			expect(store(world)).toBe(text);
		}),
	);

	test("a name with slashes is one key of the store, and is filled in", () =>
		inWorld(async (world) => {
			world.write("m.yml", "p: ((uaa/users/admin))\nvariables: [{name: uaa/users/admin, type: password}]\n");
			const { code, stdout, stderr } = await world.davit(INT);
			expect(code, stderr).toBe(0);
			expect(stdout).toMatch(/^p: \w{20}\nvariables: \[\]\n$/);
			expect(store(world)).toMatch(/^uaa\/users\/admin: \w{20}\n$/);
		}));

	test.each([
		["a vars store with a name twice", "login: {public_key: a}\npassword: x\nlogin: {public_key: b}\n", INT],
		["a vars store with a second document", "login: {public_key: a}\n---\nmore: 1\n", INT],
		["a vars store beside a path that leads nowhere", "login: {public_key: a}\n", [...INT, "--path", "/nowhere"]],
	])("%s is told, and nothing is written", (name, text, args) =>
		inWorld(async (world) => {
			world.write("store.yml", text);
			await expectFailure(world, args, name);
			expect(store(world)).toBe(text);
		}),
	);

	test("a file that is read-only is taken from, but not written", () =>
		inWorld(async (world) => {
			const full = "login: {public_key: a}\npassword: 'x'\n";
			world.write("store.yml", full, 0o444);
			const { code, stderr } = await world.davit(INT);
			expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
			const lacking = "login: {public_key: a}\n";
			world.write("lacking.yml", lacking, 0o444);
			const args = INT.map((word) => word.replace("store.yml", "lacking.yml"));
			await expectFailure(world, args, "a vars store that is read-only");
			expect(readFileSync(join(world.folder, "lacking.yml"), "utf8")).toBe(lacking);
		}));

	test("update_mode counts, and a note names what is made anew; --why hides the store's values and makes none", () =>
		inWorld(async (world) => {
			world.write(
				"m.yml",
				`${MANIFEST.replace("password}", "password, update_mode: overwrite}")}note: x((password))\n`,
			);
			world.write("store.yml", "# ours\npassword: swordfish\nv: 1.10\n");
			for (const path of ["/password", "/note", ""]) {
				const { code, stdout, stderr } = await world.davit([...INT, "--why", path]);
				expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
				expect(stdout).toMatch(/^ {2}store\.yml:2:11 +variable password is \(hidden\)/m);
				expect(stdout).not.toContain("swordfish");
			}
			expect(store(world)).toBe("# ours\npassword: swordfish\nv: 1.10\n");
			const { stdout, stderr } = await world.davit(INT);
			expect(stderr).toBe("store.yml: made anew, as their update_mode says; bosh int would have kept them: password\n");
			const [, password] = /^password: (\w{20})$/m.exec(stdout) ?? [];
			expect(store(world)).toMatch(new RegExp(`^# ours\\npassword: ${password}\\nv: 1.10\\nlogin:\\n`));
		}));

	test("several at once lose nobody's values: one after another they go through", () =>
		inWorld(async (world) => {
			const names = ["a", "b", "c", "d"];
			for (const name of names) world.write(`${name}.yml`, `variables: [{name: ${name}, type: ssh}]\n`);
			const int = (name: string) => world.davit(["int", `${name}.yml`, "--vars-store", "store.yml"]);
			const ends = await Promise.all(names.map(async (name) => ({ name, code: (await int(name)).code })));
			expect(ends.filter(({ code }) => code === 0)).not.toEqual([]);
			for (const { name, code } of ends) if (code !== 0) expect((await int(name)).code).toBe(0);
			const kept = parseYaml(store(world), "store.yml").value as Readonly<Record<string, unknown>>;
			expect(Object.keys(kept).sort()).toEqual(names);
			expect(readdirSync(world.folder).filter((file) => file.startsWith("store.yml"))).toEqual(["store.yml"]);
		}));

	test("killed at any moment, the file is the old one or the new one, whole", () =>
		inWorld(async (world) => {
			const old = `old: ${"x".repeat(2_000_000)}\npassword: x\n`;
			let killed = 0;
			// Each run gets a little longer, until one gets to its end.
			for (let wait = 100, ended = false; !ended; wait += 100) {
				world.write("store.yml", old);
				const running = world.start(INT);
				const timer = setTimeout(() => running.signal("SIGKILL"), wait);
				ended = (await running.ended).code === 0;
				clearTimeout(timer);
				const text = store(world);
				if (!ended && text === old) killed += 1;
				if (text === old) continue;
				expect(text.startsWith(old)).toBe(true);
				expect(Object.keys(parseYaml(text, "store.yml").value as object)).toEqual(["old", "password", "login"]);
				expect(text.endsWith("\n")).toBe(true);
			}
			expect(store(world)).not.toBe(old);
			expect(killed).toBeGreaterThan(0);
		}));

	test("a folder that can't be written is told, and the file is whole", () =>
		inWorld(async (world) => {
			world.write("kept/store.yml", "login: {public_key: a}\n");
			chmodSync(join(world.folder, "kept"), 0o555);
			try {
				await expectFailure(
					world,
					["int", "m.yml", "--vars-store", "kept/store.yml"],
					"a vars store in a folder that can't be written",
				);
				expect(readdirSync(join(world.folder, "kept"))).toEqual(["store.yml"]);
			} finally {
				chmodSync(join(world.folder, "kept"), 0o755);
			}
		}));

	test.skipIf(bosh === undefined)(
		"bosh reads what davit wrote, and davit what bosh wrote, to the same data",
		async () => {
			const world = openWorld(ordinary);
			try {
				world.write("m.yml", MANIFEST);
				for (const [first, second] of [
					["davit", "bosh"],
					["bosh", "davit"],
				]) {
					const int = async (tool = "") => {
						const program = tool === "bosh" ? [bosh ?? ""] : [join(import.meta.dirname, "../../bin/davit")];
						const args = INT.map((each) => each.replace("store.yml", `by-${first}.yml`));
						const { code, stdout, stderr } = await run(world.command([...program, ...args]));
						expect(code, stderr).toBe(0);
						return parseYaml(stdout, tool).value;
					};
					const made = await int(first);
					const bytes = readFileSync(join(world.folder, `by-${first}.yml`), "utf8");
					expect(await int(second)).toEqual(made);
					expect(readFileSync(join(world.folder, `by-${first}.yml`), "utf8")).toBe(bytes);
				}
				expect(existsSync(join(world.folder, "by-bosh.yml"))).toBe(true);
			} finally {
				await world.close();
			}
		},
	);
});

describe("deploy --vars-store", () => {
	const DEPLOY = ["deploy", "tiny.yml", "--vars-store", "store.yml"];
	const definitions = (type: string) => [
		{ name: "password", type },
		{ name: "made", type: "password" },
	];
	const written = (world: World, type = "password") => {
		const template = "<%= p('password') %>\n<%= p('made') %>\n";
		const properties = { password: {}, made: {} };
		writeTinyRelease(world, "release", { jobs: { app: { properties, templates: { "config/values": template } } } });
		const job = { name: "app", release: "tiny", properties: { password: "((password))", made: "((made))" } };
		world.write("tiny.yml", tinyManifest([tinyGroup("web", [job])], { variables: definitions(type) }));
	};
	const values = async (world: World) =>
		(await world.davit(["ssh", "web/0", "-c", "sudo cat /var/vcap/jobs/app/config/values"])).stdout.split("\n");

	test("takes over what the file has, makes what it lacks, and leaves the file alone; later deploys need it no more", () =>
		withWorld(ordinary, async (world) => {
			written(world);
			world.write("store.yml", "password: kept-from-before\nunused: x\n");
			const planned = await world.davit(["plan", "--offline", ...DEPLOY.slice(1)]);
			expect(planned).toMatchObject({
				code: 0,
				stderr: expect.stringMatching(/1 variable to generate, 1 taken over$/m),
			});
			expect(existsSync(join(world.home, "state.db"))).toBe(false);
			const { code, stderr } = await world.davit(DEPLOY);
			expect(code, stderr).toBe(0);
			expect(stderr).not.toContain("kept-from-before");
			expect(await values(world)).toEqual(["kept-from-before", expect.stringMatching(/^[a-z0-9]{20}$/), ""]);
			expect(store(world)).toBe("password: kept-from-before\nunused: x\n");
			expect((await world.davit(["variables", "--show", "password"])).stdout).toBe("kept-from-before\n");
			for (const args of [["deploy", "tiny.yml"], DEPLOY])
				expect((await world.davit(args)).stderr).toBe("tiny: nothing to do, all is as the manifest says\n");
			const state = readdirSync(world.home).filter((name) => name.startsWith("state.db"));
			expect(state).not.toEqual([]);
			for (const name of state)
				expect(readFileSync(join(world.home, name), "latin1")).not.toContain("kept-from-before");
		}));

	test("a value that is none of its variable's type is told before anything is made", () =>
		withWorld(ordinary, async (world) => {
			written(world, "rsa");
			world.write("store.yml", "made: 5\npassword: {private_key: a}\n");
			await expectFailure(world, DEPLOY, "a vars store whose values are of other types");
			const plan = ["plan", "--offline", ...DEPLOY.slice(1)];
			await expectFailure(world, plan, "a vars store whose values are of other types");
		}));
});
