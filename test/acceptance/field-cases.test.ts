import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fingerprint, generateKeyPair } from "../../src/ssh/keys.ts";
import { openWorld, type World } from "../support/acceptance.ts";
import { golden, startedKinds } from "../support/acceptance-golden.ts";
import { readState } from "../support/acceptance-state.ts";
import { tinyGroup, tinyManifest, writeTinyRelease } from "../support/tiny-release.ts";

const rotating = `cd /var/vcap/sys/log/app
echo here >steady.log
: >app.log
setsid bash -c 'while :; do echo line >>app.log; mv app.log app.log.1; : >app.log; sleep 0.05; done' </dev/null >/dev/null 2>&1 &`;
const configured = (text: string) => ({
	hooks: { "post-start": rotating, run: "echo tested" },
	templates: { "config/text": text },
});
const goldenFile = (name: string) => `golden/${name}.golden`;

/** Cases that others ran into, on one deployment that each leaves as it found it. */
describe("on a deployment", () => {
	let world: World;

	beforeAll(async () => {
		world = openWorld({ name: "whoever runs the tests", argv: [] });
		await makeRelease("first");
		const releases = [{ name: "tiny", version: "1", url: "./tiny.tgz" }];
		world.write("tiny.yml", tinyManifest([tinyGroup("web")], { releases }));
		const { code, stderr } = await world.davit(["deploy", "tiny.yml"]);
		expect(code, stderr).toBe(0);
	});
	afterAll(() => world.close());

	async function makeRelease(text: string): Promise<void> {
		writeTinyRelease(world, "release", { jobs: { app: configured(text) } });
		const args = ["create-release", "release", "--version", "1", "--tarball", "tiny.tgz", "--force"];
		expect(await world.davit(args)).toMatchObject({ code: 0 });
	}

	test("logs that rotate while they are fetched: each archive opens", async () => {
		for (const round of [1, 2, 3]) {
			const fetched = await world.davit(["logs", "web/0", "--all-logs", "--dir", `logs-${round}`]);
			expect(fetched.code, fetched.stderr).toBe(0);
			expect(namesIn(`logs-${round}`)).toContain("app/steady.log");
		}
		const ran = await world.davit(["run-errand", "app", "--download-logs", "--logs-dir", "errand-logs"]);
		expect(ran.code, ran.stderr).toBe(0);
		expect(namesIn("errand-logs")).toContain("app/steady.log");
	});

	function namesIn(folder: string): readonly string[] {
		const [archive = "", ...others] = readdirSync(join(world.folder, folder));
		expect(others).toEqual([]);
		return execFileSync("tar", ["-tzf", join(world.folder, folder, archive)], { encoding: "utf8" })
			.split("\n")
			.map((name) => name.replace(/^\.\//, ""));
	}

	test("a release that was made anew under the same version: refused, and taken with --fix-releases", async () => {
		await makeRelease("second");
		const refused = await world.davit(["deploy", "tiny.yml"]);
		expect(refused.code).toBe(1);
		await expect(golden(refused.stderr)).toMatchFileSnapshot(goldenFile("release-changed"));
		const read = () => world.davit(["ssh", "web/0", "-c", "cat /var/vcap/jobs/app/config/text"]);
		const fixed = await world.davit(["deploy", "tiny.yml", "--fix-releases"]);
		expect(fixed.code, fixed.stderr).toBe(0);
		expect((await read()).stdout).toContain("second");
	});

	test("a host key that changed: refused with both fingerprints, never learnt, and mended by the repair it names", async () => {
		const known = readState(world.home).instances[0]?.vm?.hostKeys[0] ?? "";
		const { publicKey, privateKey } = generateKeyPair("");
		const swap = await world.davit([
			"ssh",
			"web/0",
			"-c",
			`printf %s ${Buffer.from(privateKey).toString("base64")} | base64 -d | sudo tee /etc/ssh/ssh_host_ed25519_key >/dev/null && sudo sh -c 'kill -HUP $(cat /run/sshd.pid)'`,
		]);
		expect(swap.code, swap.stderr).toBe(0);
		const same = (message: string) =>
			golden(message).replaceAll(fingerprint(publicKey), "NEW KEY").replaceAll(fingerprint(known), "KNOWN KEY");
		for (const _ of [1, 2]) {
			const refused = await world.davit(["ssh", "web/0", "-c", "true"]);
			expect(refused.code).toBe(1);
			await expect(same(refused.stderr)).toMatchFileSnapshot(goldenFile("host-key-changed-ssh"));
		}
		const refused = await world.davit(["deploy", "tiny.yml"]);
		expect(refused.code).toBe(1);
		await expect(same(refused.stderr)).toMatchFileSnapshot(goldenFile("host-key-changed-deploy"));
		const repaired = await world.told(["deploy", "tiny.yml", "--fix"]);
		expect(repaired.code, repaired.stderr).toBe(0);
		expect(startedKinds(repaired.events)).toContain("create-vm");
		expect(await world.davit(["ssh", "web/0", "-c", "true"])).toMatchObject({ code: 0 });
	});
});
