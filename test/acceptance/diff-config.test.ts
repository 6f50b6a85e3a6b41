import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openWorld, type World } from "../support/acceptance.ts";
import { users } from "../support/ordinary-user.ts";
import { tinyGroup, tinyManifest, writeTinyRelease } from "../support/tiny-release.ts";

const LOCAL = readFileSync(join(import.meta.dirname, "../../manifests/cloud/local.yml"), "utf8");
const SECRET = "swordfish-nobody-may-see";
let world: World;
beforeAll(async () => {
	world = openWorld(users.at(-1) as (typeof users)[number]);
	writeTinyRelease(world, "release", { jobs: { app: { properties: { password: {} } } } });
	const app = { name: "app", release: "tiny", properties: { password: "((given))" } };
	world.write("tiny.yml", tinyManifest([tinyGroup("web", [app])]));
	world.write("cloud.yml", LOCAL);
	world.write(
		"next.yml",
		LOCAL.replace("- name: z3\n", "- name: z4\n").replace("disk_size: 1_024", "disk_size: 2_048"),
	);
});
afterAll(() => world.close());

const diff = (...args: readonly string[]) => world.davit(["diff-config", ...args]);

test("of two files: as BOSH shows it; of two that are alike nothing", async () => {
	expect(await diff("--from-content", "cloud.yml", "--to-content", "next.yml")).toEqual({
		code: 0,
		stderr: "",
		stdout: `  azs:
- - name: z3
+ - name: z4
  disk_types:
  - name: default
-   disk_size: 1024
+   disk_size: 2048
`,
	});
	expect((await diff("--from-content", "cloud.yml", "--to-content", "cloud.yml")).stdout).toBe("");
});

test("what is given wrongly is told, and what was never deployed", async () => {
	expect(await diff("--from-content", "cloud.yml")).toMatchObject({
		code: 64,
		stderr: expect.stringContaining("--to-id"),
	});
	expect(await diff("--from-id", "7", "--to-id", "cloud")).toMatchObject({
		...{ code: 64, stderr: expect.stringContaining("there are: manifest, cloud") },
	});
	expect(await diff("--from-id", "cloud", "--to-content", "next.yml")).toMatchObject({ code: 1 });
});

test("of the last finished deploy: its cloud file, and its manifest without a secret in clear", async () => {
	const deploy = await world.davit(["deploy", "tiny.yml", "--cloud", "cloud.yml", "-v", `given=${SECRET}`]);
	expect(deploy.code, deploy.stderr).toBe(0);
	expect((await diff("--from-id", "cloud", "--to-content", "cloud.yml")).stdout).toBe("");
	expect((await diff("--from-id", "cloud", "--to-content", "next.yml")).stdout).toContain("+ - name: z4\n");
	const manifest = await diff("-d", "tiny", "--from-id", "manifest", "--to-content", "tiny.yml");
	expect(manifest.stdout).toMatch(/-\s+password: \(hidden\)\n\+\s+password: \(\(given\)\)\n/);
	const { events, stdout } = await world.told(["diff-config", "--from-id", "manifest", "--to-content", "tiny.yml"]);
	expect(events.flatMap((event) => (event.type === "table" ? event.rows : []))).toContainEqual({
		...{ change: "removed", line: expect.stringContaining("(hidden)") },
	});
	expect(`${manifest.stdout}${stdout}`).not.toContain(SECRET);
});
