import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { generateKeyPair } from "../../src/ssh/keys.ts";
import { type World, withWorld } from "../support/acceptance.ts";
import { listingOf, recordedListing } from "../support/acceptance-state.ts";
import { expectFailure } from "../support/bad-input.ts";
import { oneUser } from "../support/ordinary-user.ts";
import { type Sshd, sshdMissing, startSshd } from "../support/sshd.ts";
import { tinyGroup, tinyManifest, writeTinyRelease } from "../support/tiny-release.ts";

const CLOUD = readFileSync(join(import.meta.dirname, "../../manifests/cloud/local.yml"), "utf8");

function writeInputs(world: World): void {
	writeTinyRelease(world, "release", { jobs: { app: {} } });
	world.write("tiny.yml", tinyManifest([tinyGroup("web")]));
}

async function expectDeployed(world: World, ...args: readonly string[]): Promise<void> {
	const { code, stderr } = await world.davit(["deploy", "tiny.yml", ...args]);
	expect(code, stderr).toBe(0);
	expect(listingOf(world.home)).toEqual(recordedListing(world.home));
}

/** Of all that a deploy says, why it failed, without what is another's in each run. */
const same = (text: string) =>
	text
		.slice(text.search(/^error: /m))
		.replace(/SHA256:[\w+/]{43}/g, "FINGERPRINT")
		.replace(/127\.0\.0\.1:\d+/g, "127.0.0.1:PORT")
		.replace(/10\.77\.0\.\d+/g, "ADDRESS");

describe.skipIf(sshdMissing()).each(oneUser)("a jump host, as $name", (user) => {
	let sshd: Sshd;
	beforeAll(async () => {
		sshd = await startSshd({ config: ["AllowTcpForwarding no"] });
	});
	afterAll(() => sshd.close());

	test("that refuses: the VM that was made is gone on with once it lets through", () =>
		withWorld(user, async (world) => {
			writeInputs(world);
			const jump = (change: object) => {
				const key = { private_key: sshd.login.privateKey, host_keys: [sshd.hostKey.publicKey] };
				const host = { host: "127.0.0.1", port: sshd.port, user: "ops", ...key, ...change };
				world.write("jump.yml", `${CLOUD}\nssh: ${JSON.stringify({ dialer: { jump: [host] } })}\n`);
				return ["deploy", "tiny.yml", "--cloud", "jump.yml"];
			};
			const stranger = generateKeyPair("stranger");
			await expectFailure(world, jump({}), "a jump host that forbids to go on", { same });
			const made = listingOf(world.home).vms;
			await expectFailure(world, jump({ private_key: stranger.privateKey }), "a jump host that refuses", { same });
			await expectFailure(world, jump({ host_keys: [stranger.publicKey] }), "a jump host with another key", { same });
			world.write("local.yml", CLOUD);
			await expectDeployed(world, "--cloud", "local.yml");
			expect(listingOf(world.home).vms).toEqual(made);
		}));
});
