import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type World, withWorld } from "../support/acceptance.ts";
import { users } from "../support/ordinary-user.ts";
import { tinyGroup, tinyManifest, writeTinyRelease } from "../support/tiny-release.ts";

const local = readFileSync(join(import.meta.dirname, "../../manifests/cloud/local.yml"), "utf8");

/** What `davit instances --ps` says runs on the only instance. */
async function processes(world: World): Promise<readonly string[]> {
	const { stdout } = await world.davit(["instances", "--ps", "--json"]);
	return [...new Set([...stdout.matchAll(/"process":"([^"]+)"/g)].map(([, name = ""]) => name))].sort();
}

async function deploy(world: World, ...options: readonly string[]): Promise<string> {
	const { code, stderr } = await world.davit(["deploy", "-n", "tiny.yml", ...options]);
	expect(code, stderr).toBe(0);
	return stderr;
}

describe.each(users.slice(0, 1))("configs in files of their own, as $name", (user) => {
	test("cloud and CPI config in two files, an addon of a runtime config: remembered with the deployment, until they are taken away", () =>
		withWorld(user, async (world) => {
			writeTinyRelease(world, "release", { jobs: { app: {} } });
			writeTinyRelease(world, "more", { name: "more", jobs: { agent: {}, second: {} } });
			world.write("tiny.yml", tinyManifest([tinyGroup("web")]));
			const [cpi = "", cloud = ""] = local.split(/(?=^azs:)/m);
			world.write("configs/cpi.yml", cpi);
			world.write("configs/cloud.yml", cloud);
			const jobs = "jobs: [{name: agent, release: more}, {name: second, release: more}]";
			const releases = `releases: [{name: more, version: create, url: ${join(world.folder, "more")}}]`;
			world.write(
				"configs/runtime.yml",
				`${releases}\naddons: [{name: agents, ${jobs}, include: {deployments: [tiny]}}]\n`,
			);
			const clouds = ["--cloud", "configs/cloud.yml", "--cloud", "configs/cpi.yml"];
			await deploy(world, ...clouds, "--runtime-config", "configs/runtime.yml");
			expect(await processes(world)).toEqual(["agent", "app", "second"]);
			expect(await deploy(world)).toBe("tiny: nothing to do, all is as the manifest says\n");
			await deploy(world, "--runtime-config", "/dev/null");
			expect(await processes(world)).toEqual(["app"]);
		}));
});
