import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { withWorld } from "../support/acceptance.ts";
import { listingOf } from "../support/acceptance-state.ts";
import { users } from "../support/ordinary-user.ts";
import { tinyGroup, tinyManifest, writeTinyRelease } from "../support/tiny-release.ts";

const CLOUD = readFileSync(join(import.meta.dirname, "../../manifests/cloud/local.yml"), "utf8");
const SAID = "unshare: unshare failed: Operation not permitted";

test.each(users)("a machine that forbids namespaces is told with what helps, as $name; nothing is made", (user) =>
	withWorld(user, async (world) => {
		writeTinyRelease(world, "release", { jobs: { app: {} } });
		world.write("tiny.yml", tinyManifest([tinyGroup("web")]));
		const unshare = world.write("unshare", `#!/bin/sh\necho "${SAID}" >&2\nexit 1\n`, 0o755);
		world.write("forbidden.yml", CLOUD.replace("  type: local", `  type: local\n  properties: {unshare: ${unshare}}`));
		const refused = await world.davit(["deploy", "tiny.yml", "--cloud", "forbidden.yml"]);
		expect(refused.code).toBe(1);
		expect(refused.stderr).toContain("embedded VMs can't run here: ");
		expect(refused.stderr).toContain(SAID);
		// What helps depends on the machine's settings; it is never nothing.
		expect(refused.stderr).toMatch(/\n {2}→ (run davit with sudo|in a container|sudo sysctl|run this once)/);
		expect(listingOf(world.home)).toEqual({ vms: [], disks: [] });
		world.write("local.yml", CLOUD);
		const { code, stderr } = await world.davit(["deploy", "tiny.yml", "--cloud", "local.yml"]);
		expect(code, stderr).toBe(0);
	}),
);
