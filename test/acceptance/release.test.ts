import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { withWorld } from "../support/acceptance.ts";
import { golden, startedKinds } from "../support/acceptance-golden.ts";
import { vmRoot } from "../support/acceptance-state.ts";
import { compileTarball } from "../support/compiled-release.ts";
import { users } from "../support/ordinary-user.ts";
import { tinyGroup, tinyManifest, writeTinyRelease } from "../support/tiny-release.ts";

test.each(users)("as $name: a release is made from its folder, inspected, and deployed from its tarball", (user) =>
	withWorld(user, async (world) => {
		writeTinyRelease(world, "release", {
			jobs: { app: { templates: { "config/인사말": "안녕\n" }, packages: ["words"] } },
			packages: { words: 'echo "compiled" >"$BOSH_INSTALL_TARGET/words"' },
		});
		const create = ["create-release", "release", "--version", "1.10", "--tarball", "out/((name)) ((version)).tgz"];
		const made = await world.davit(create);
		expect(made.code, made.stderr).toBe(0);
		const tarball = join(world.folder, "out/tiny 1.10.tgz");
		const bytes = readFileSync(tarball);
		expect(await world.davit(create)).toMatchObject({ code: 0 });
		expect(readFileSync(tarball).equals(bytes)).toBe(true);

		const seen = await world.davit(["inspect-release", "out/tiny 1.10.tgz"]);
		expect(seen.stderr).toBe("tiny/1.10, commit non-git\n");
		expect(seen.stdout.split("\n").map((line) => line.split(/\s+/).slice(0, 2).join(" "))).toEqual([
			"kind name",
			"job app",
			"package words",
			"",
		]);
		// A folder has no digests, and the same fingerprints.
		const fingerprints = (text: string) => text.match(/\b[0-9a-f]{64}\b(?= )/g)?.filter((_, index) => index % 2 === 0);
		const folder = await world.davit(["inspect-release", "release"]);
		expect(folder.stdout).toContain(fingerprints(seen.stdout)?.[0] ?? "none");

		const releases = [{ name: "tiny", version: "1.10", url: "./out/tiny 1.10.tgz" }];
		world.write("tiny.yml", tinyManifest([tinyGroup("web")], { releases }));
		const { code, stderr } = await world.davit(["deploy", "tiny.yml"]);
		expect(code, stderr).toBe(0);
	}),
);

test("a folder with changes that aren't committed needs --force", () =>
	withWorld({ name: "whoever runs the tests", argv: [] }, async (world) => {
		writeTinyRelease(world, "release", { jobs: { app: {} } });
		const git = (...args: string[]) =>
			execFileSync("git", ["-c", "user.name=Kim", "-c", "user.email=kim@example.com", ...args], {
				cwd: join(world.folder, "release"),
			});
		git("init", "--quiet");
		git("add", ".");
		git("commit", "--quiet", "--message", "first");
		expect(await world.davit(["create-release", "release"])).toMatchObject({ code: 0 });
		world.write("release/새 파일", "new");
		const refused = await world.davit(["create-release", "release"]);
		expect(refused.code).toBe(4);
		await expect(golden(refused.stderr, world.folder)).toMatchFileSnapshot("golden/uncommitted-release.golden");
		const forced = await world.told(["create-release", "release", "--force"]);
		expect(forced.events).toContainEqual(
			expect.objectContaining({
				name: "created",
				rows: [expect.objectContaining({ commit: expect.stringMatching(/\+$/) })],
			}),
		);
	}));

test("compiled packages are taken as the release brings them, on any stemcell of their line and on no other", () =>
	withWorld({ name: "whoever runs the tests", argv: [] }, async (world) => {
		writeTinyRelease(world, "release", {
			jobs: { app: { packages: ["words"] } },
			packages: { words: "echo 'this must not be compiled'; exit 1" },
		});
		const source = ["create-release", "release", "--version", "1", "--tarball", "source.tgz"];
		expect(await world.davit(source)).toMatchObject({ code: 0 });
		const files = { words: "compiled elsewhere" };
		compileTarball(world, "source.tgz", "compiled.tgz", { stemcell: "ubuntu-jammy/1.10", files });
		const seen = await world.davit(["inspect-release", "compiled.tgz"]);
		expect(seen.stdout).toMatch(/^package +words .* ubuntu-jammy\/1\.10 /m);

		const write = (version: string) => {
			const releases = [{ name: "tiny", version: "1", url: "./compiled.tgz" }];
			const stemcells = [{ alias: "default", os: "ubuntu-jammy", version }];
			world.write("tiny.yml", tinyManifest([tinyGroup("web")], { releases, stemcells }));
		};
		write("1.12");
		const { code, events, stderr } = await world.told(["deploy", "tiny.yml"]);
		expect(code, stderr).toBe(0);
		expect(startedKinds(events)).toContain("install-packages");
		expect(startedKinds(events)).not.toContain("compile-package");
		const installed = join(vmRoot(world.home, "web/0"), "var/vcap/data/packages/words");
		const [bits = ""] = readdirSync(installed);
		expect(readFileSync(join(installed, bits, "words"), "utf8")).toBe("compiled elsewhere");

		write("2.0");
		const refused = await world.davit(["deploy", "tiny.yml"]);
		expect(refused.code).toBe(1);
		await expect(golden(refused.stderr, world.folder)).toMatchFileSnapshot(
			"golden/compiled-for-another-stemcell.golden",
		);
		write("1.12");
		expect(await world.davit(["deploy", "tiny.yml"])).toMatchObject({
			code: 0,
			stderr: "tiny: nothing to do, all is as the manifest says\n",
		});
	}));
