import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, test, vi } from "vitest";
import type { DavitEvent } from "../../src/events.ts";
import { type World, withWorld } from "../support/acceptance.ts";
import type { Running } from "../support/acceptance-process.ts";
import { listingOf, readState, recordedListing, vmRoot } from "../support/acceptance-state.ts";
import { oneUser, users } from "../support/ordinary-user.ts";
import { notingHooks, tinyGroup, tinyManifest, writeTinyRelease } from "../support/tiny-release.ts";

/** Seconds. Longer than a busy machine lets a process wait, shorter than anybody would. */
const LEASE = { DAVIT_LEASE_TTL: "5" };

const BOOTING = "create-vm, while the VM boots";

function writeInputs(world: World): void {
	writeTinyRelease(world, "release", {
		jobs: {
			app: { hooks: notingHooks(["pre-start", "post-start", "post-deploy", "drain"]), packages: ["words"] },
		},
		packages: { words: 'echo "compiled" >"$BOSH_INSTALL_TARGET/words"' },
	});
	world.write("tiny.yml", tinyManifest([tinyGroup("web", "app", { persistent_disk: 100 })]));
}

const isStep = (kind: string) => (event: DavitEvent) => event.type === "step-started" && event.kind === kind;

/** A deploy that stands still, with all it has begun, from the moment it tells of the step. */
async function stoppedIn(world: World, kind: string): Promise<Running> {
	const first = world.start(["deploy", "tiny.yml"], { env: LEASE });
	await first.until(isStep(kind));
	await standStill(world, first);
	return first;
}

/** Stops it, but not in the middle of a write: a program that sleeps there holds the store for as long as it sleeps. */
async function standStill(world: World, running: Running): Promise<void> {
	for (;;) {
		running.signal("SIGSTOP");
		if (!isLocked(join(world.home, "state.db"))) return;
		running.signal("SIGCONT");
		await new Promise((resolve) => setTimeout(resolve, 5));
	}
}

function isLocked(file: string): boolean {
	const database = new DatabaseSync(file, { timeout: 0 });
	try {
		database.exec("BEGIN IMMEDIATE; ROLLBACK");
		return false;
	} catch {
		return true;
	} finally {
		database.close();
	}
}

/** The same, while the provider makes the VM: it holds the provider's locks. */
async function stoppedWhileBooting(world: World): Promise<Running> {
	const first = world.start(["deploy", "tiny.yml"], { env: LEASE });
	await vi.waitUntil(() => listingOf(world.home).vms.length > 0, { timeout: 120_000, interval: 1 });
	await standStill(world, first);
	return first;
}

/** Deploys as soon as the lease of whoever stands still has run out. */
async function takeOver(world: World): Promise<void> {
	for (;;) {
		const { code, stderr } = await world.davit(["deploy", "tiny.yml"]);
		if (code === 3) continue;
		expect(code, stderr).toBe(0);
		return;
	}
}

/** All that a deploy changes: what is recorded, what the provider has, what happened on the VM. */
function everything(world: World) {
	const root = vmRoot(world.home, "web/0");
	const file = (path: string) => readFileSync(join(root, path), "utf8");
	return {
		state: readState(world.home),
		listing: listingOf(world.home),
		order: file("var/vcap/data/sys/log/order"),
		fence: file("var/vcap/davit/fence"),
		hosts: file("etc/hosts"),
		applied: existsSync(join(root, "var/vcap/jobs/app")),
	};
}

describe.each(oneUser)("a deploy that slept, as $name", (user) => {
	test.each(["create-vm", BOOTING, "bootstrap-vm", "compile-package", "install-jobs", "start", "post-deploy"])(
		"in %s: another finishes; once awake it does nothing more and says so",
		(kind) =>
			withWorld(user, async (world) => {
				writeInputs(world);
				const first = await (kind === BOOTING ? stoppedWhileBooting(world) : stoppedIn(world, kind));
				await takeOver(world);
				const before = everything(world);
				expect(before.listing).toEqual(recordedListing(world.home));
				first.signal("SIGCONT");
				const { code } = await first.ended;
				const told = first.events.flatMap((event) => (event.type === "problem" ? [event.problem] : []));
				expect({ code, told }).toEqual({
					code: 3,
					told: [
						{
							severity: "error",
							code: "lease-lost",
							message: expect.stringMatching(
								/^this process no longer holds tiny \(lease \d+ ran out\): nobody holds it now$/,
							),
							hint: "run the command again: it goes on from what is recorded",
						},
					],
				});
				expect(everything(world)).toEqual(before);
				const again = await world.davit(["deploy", "tiny.yml"]);
				expect(again).toEqual({ code: 0, stdout: "", stderr: "tiny: nothing to do, all is as the manifest says\n" });
			}),
	);
});

describe(`a second deploy while the first works, as ${users[0]?.name}`, () => {
	test("is refused at once, with exit code 3, and says who works since when", () =>
		withWorld(users[0] as (typeof users)[0], async (world) => {
			writeInputs(world);
			const first = world.start(["deploy", "tiny.yml"]);
			await first.until(isStep("create-vm"));
			for (const args of [
				["deploy", "tiny.yml"],
				["delete-deployment", "-n"],
			]) {
				const { code, stdout, stderr } = await world.davit(args);
				expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
				expect(stderr).toMatch(
					/^error: tiny is being worked on by \S+@\S+ pid \d+ \(davit deploy\), since \d{4}-\d\d-\d\dT[\d:.]+Z\n {2}→ /,
				);
			}
			expect(first.alive).toBe(true);
			expect(await first.ended).toMatchObject({ code: 0 });
		}));
});
