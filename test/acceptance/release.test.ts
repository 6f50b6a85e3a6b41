import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, rmSync } from "node:fs";
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

test("an uploaded release needs no url and no file any more; latest is the newest version", () =>
	withWorld(users.at(-1) ?? { name: "nobody", argv: [] }, async (world) => {
		const make = async (version: string, text: string) => {
			writeTinyRelease(world, "release", { jobs: { app: { templates: { "config/text": text } } } });
			const args = ["create-release", "release", "--version", version, "--tarball", `${version}.tgz`, "--force"];
			expect(await world.davit(args)).toMatchObject({ code: 0 });
		};
		await make("1.9", "old");
		await make("1.10", "new");
		const sha1 = createHash("sha1")
			.update(readFileSync(join(world.folder, "1.10.tgz")))
			.digest("hex");
		const wrong = await world.davit(["upload-release", "1.10.tgz", "--sha1", "0".repeat(40)]);
		expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining(sha1) });
		expect((await world.davit(["releases"])).stdout).not.toContain("tiny");
		expect(await world.davit(["upload-release", "1.10.tgz", "--sha1", sha1])).toMatchObject({ code: 0 });
		expect((await world.davit(["upload-release", "1.10.tgz"])).stdout).toContain("there already");
		expect(await world.davit(["upload-release", "1.9.tgz"])).toMatchObject({ code: 0 });
		await make("1.10", "another");
		expect(await world.davit(["upload-release", "1.10.tgz"])).toEqual({
			code: 1,
			stdout: "",
			stderr:
				"error: release tiny/1.10 is there with other content\n  → give it another version, or take its place with --fix\n",
		});
		expect((await world.davit(["upload-release", "release"])).stderr).toContain("create-release --tarball");
		for (const version of ["1.9", "1.10"]) rmSync(join(world.folder, `${version}.tgz`));
		const write = (version: string) =>
			world.write("tiny.yml", tinyManifest([tinyGroup("web")], { releases: [{ name: "tiny", version }] }));
		write("2");
		const absent = await world.davit(["deploy", "tiny.yml"]);
		expect(absent).toMatchObject({
			code: 1,
			stderr: expect.stringContaining("release tiny/2 has no url, and was not uploaded here"),
		});
		write("latest");
		const { code, stderr } = await world.davit(["deploy", "tiny.yml"]);
		expect(code, stderr).toBe(0);
		const { stdout } = await world.davit(["ssh", "web/0", "-c", "cat /var/vcap/jobs/app/config/text"]);
		expect(stdout).toContain("new");
		const { stdout: listed } = await world.davit(["releases"]);
		expect(listed.replace(/ +/g, " ").split("\n").slice(1, 3)).toEqual(["tiny 1.10 1 0 tiny", "tiny 1.9 1 0 -"]);
		expect(await world.davit(["delete-release", "tiny", "-n"])).toEqual({
			code: 1,
			stdout: "",
			stderr:
				"error: release tiny/1.10 is in use by tiny\n  → deploy with another release, or delete the deployment, first\n",
		});
		expect((await world.davit(["delete-release", "tiny/1.9"])).code).toBe(4);
		expect((await world.davit(["delete-release", "tiny/1.9", "-n"])).stdout).toMatch(/^tiny +1\.9$/m);
		expect((await world.davit(["clean-up", "--all", "-n"])).code).toBe(0);
		expect((await world.davit(["releases"])).stdout).not.toContain("1.9");
		expect((await world.davit(["recreate", "web"])).code).toBe(0);
	}));

test("a release is exported as it was compiled; elsewhere it is installed without compiling, with the same result", () =>
	withWorld(users.at(-1) ?? { name: "nobody", argv: [] }, async (world) => {
		writeTinyRelease(world, "release", {
			jobs: {
				app: {
					properties: { text: { default: "안녕" } },
					templates: { "config/text": "<%= p('text') %>\n" },
					packages: ["words"],
					provides: [{ name: "app", type: "app", properties: ["text"] }],
				},
				check: { process: false, hooks: { run: "true" }, packages: ["late"] },
			},
			packages: {
				base: 'echo base >"$BOSH_INSTALL_TARGET/base"',
				words: { packaging: 'cat /var/vcap/packages/base/base >"$BOSH_INSTALL_TARGET/words"', dependencies: ["base"] },
				late: 'echo late >"$BOSH_INSTALL_TARGET/late"',
			},
		});
		const create = ["create-release", "release", "--version", "1", "--tarball", "tiny-1.tgz"];
		expect(await world.davit(create)).toMatchObject({ code: 0 });
		const write = (url: string, jobs: readonly string[]) => {
			const refs = jobs.map((name) => ({ name, release: "tiny" }));
			const releases = [{ name: "tiny", version: "1", url }];
			world.write("tiny.yml", tinyManifest([tinyGroup("web", refs)], { releases }));
		};
		write("./tiny-1.tgz", ["app"]);
		expect(await world.davit(["deploy", "tiny.yml"])).toMatchObject({ code: 0 });
		const exporting = ["export-release", "tiny/1", "local/1", "--dir", "compiled releases"];
		const early = await world.davit(exporting);
		expect(early).toMatchObject({ code: 1, stderr: expect.stringContaining("not compiled for local/1 yet: late\n") });
		// What is compiled is enough for this one, which its name says.
		const one = await world.told([...exporting, "--job", "app"]);
		expect(one.code, one.stderr).toBe(0);
		const alone = join(world.folder, "compiled releases/app-tiny-1-local-1.tgz");
		expect(one.events.flatMap((event) => (event.type === "table" ? event.rows : []))).toMatchObject([
			{ jobs: 1, packages: 2, tarball: alone },
		]);
		expect((await world.davit(["inspect-release", alone])).stdout).not.toMatch(/check|late/);
		const none = await world.davit([...exporting, "--job", "app", "--job", "no", "--job", "nor"]);
		expect(none).toMatchObject({ code: 1, stdout: "" });
		expect(none.stderr).toBe("error: release tiny/1 has no job no, nor\n  → it has: app, check\n");
		expect((await world.davit(["export-release", "tiny/2", "local/1"])).stderr).toContain("it has: tiny/1");
		expect((await world.davit(["export-release", "tiny", "local/1"])).code).toBe(64);
		write("./tiny-1.tgz", ["app", "check"]);
		expect(await world.davit(["deploy", "tiny.yml"])).toMatchObject({ code: 0 });
		const exported = await world.davit(exporting);
		expect(exported.code, exported.stderr).toBe(0);
		const file = join(world.folder, "compiled releases/tiny-1-local-1.tgz");
		const bytes = readFileSync(file);
		expect(await world.davit(exporting)).toMatchObject({ code: 0 });
		expect(readFileSync(file).equals(bytes)).toBe(true);

		// Somewhere else, where nothing was ever compiled.
		expect(await world.davit(["delete-deployment", "-n"])).toMatchObject({ code: 0 });
		const env = { DAVIT_HOME: join(world.folder, "elsewhere") };
		write("./compiled releases/tiny-1-local-1.tgz", ["app", "check"]);
		const { code, events, stderr } = await world.told(["deploy", "tiny.yml"], { env });
		expect(code, stderr).toBe(0);
		expect(startedKinds(events)).not.toContain("compile-package");
		const read = "cat /var/vcap/packages/words/words /var/vcap/jobs/app/config/text; ls /var/vcap/data/packages";
		const { stdout } = await world.davit(["ssh", "web/0", "-c", read], { env });
		expect(stdout).toMatch(/base\n.*안녕\n/s);
		expect(await world.davit(["delete-deployment", "-n"], { env })).toMatchObject({ code: 0 });
	}));
