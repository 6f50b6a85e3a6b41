import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { expect, inject, test } from "vitest";
import { type World, withWorld } from "../support/acceptance.ts";

const whoever = { name: "whoever runs the tests", argv: [] };
const oldNode = inject("oldNode");

async function version(world: World, path: string) {
	return world.davit(["--version"], { env: { PATH: path } });
}

test("on a machine whose Node is too old davit says so, which one it is, and what to do", () =>
	withWorld(whoever, async (world) => {
		const outcome = await version(world, `${oldNode.folder}:${process.env.PATH}`);
		expect(outcome).toEqual({
			code: 1,
			stdout: "",
			stderr: `error: davit needs Node >= 22.18; ${join(oldNode.folder, "node")} is Node ${oldNode.version}
  → install Node 24 (https://nodejs.org) and put it before that one on the PATH
`,
		});
	}));

test("on a machine without Node it says that", () =>
	withWorld(whoever, async (world) => {
		const folder = join(world.folder, "bin");
		mkdirSync(folder);
		for (const command of ["dirname", "mkdir", "readlink"])
			symlinkSync(
				execFileSync("sh", ["-c", `command -v ${command}`], { encoding: "utf8" }).trim(),
				join(folder, command),
			);
		expect(await version(world, folder)).toEqual({
			code: 1,
			stdout: "",
			stderr: "error: davit needs Node, and there is none on the PATH\n  → install Node 24 (https://nodejs.org)\n",
		});
	}));
