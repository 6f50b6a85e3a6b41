import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import type { DavitEvent } from "../../src/events.ts";
import { type World, withWorld } from "../support/acceptance.ts";
import type { Running } from "../support/acceptance-process.ts";
import { listingOf, recordedListing, vmRoot } from "../support/acceptance-state.ts";
import { oneUser } from "../support/ordinary-user.ts";
import {
	type HookName,
	note,
	notingHooks,
	tinyGroup,
	tinyManifest,
	writeTinyRelease,
} from "../support/tiny-release.ts";

function writeInputs(world: World, hooks: Partial<Record<HookName, string>> = {}, greeting = "hello"): void {
	writeTinyRelease(world, "release", {
		jobs: {
			app: {
				properties: { greeting: {} },
				templates: { "config/app": "<%= p('greeting') %>\n" },
				hooks: { ...notingHooks(["pre-start", "post-start", "post-deploy", "drain"]), ...hooks },
				packages: ["words"],
			},
		},
		packages: { words: 'echo "compiled" >"$BOSH_INSTALL_TARGET/words"' },
	});
	const jobs = [{ name: "app", release: "tiny", properties: { greeting } }];
	world.write("tiny.yml", tinyManifest([tinyGroup("web", jobs, { persistent_disk: 100 })]));
}

const isStep = (kind: string) => (event: DavitEvent) => event.type === "step-started" && event.kind === kind;

/** A deploy as in a terminal: Ctrl-C goes to davit and all that it started. */
const start = (world: World, args = ["deploy", "tiny.yml"]): Running => world.start(args, { group: true });

/** It ended because it was told to: exit code 130, what was going on, how to go on, and nothing else. */
async function expectInterrupted(running: Running): Promise<string> {
	const { code, stderr } = await running.ended;
	const problems = running.events.flatMap((event) => (event.type === "problem" ? [event.problem] : []));
	expect({ code, stderr, problems }).toEqual({
		code: 130,
		stderr: "",
		problems: [
			{
				severity: "error",
				code: "interrupted",
				message: expect.stringMatching(/^interrupted with \d+ of \d+ steps done/),
				hint: expect.stringMatching(/^the same command goes on from here/),
			},
		],
	});
	return problems[0]?.message ?? "";
}

/** Empty until the first hook has noted itself. */
function readOrder(world: World): string {
	const file = join(vmRoot(world.home, "web/0"), "var/vcap/data/sys/log/order");
	return existsSync(file) ? readFileSync(file, "utf8") : "";
}

const order = (world: World) => readOrder(world).trim().split("\n");

async function expectDeployed(world: World): Promise<void> {
	const second = await world.davit(["deploy", "tiny.yml"]);
	expect(second).toEqual({ code: 0, stdout: "", stderr: "tiny: nothing to do, all is as the manifest says\n" });
	expect(listingOf(world.home)).toEqual(recordedListing(world.home));
	const all = order(world);
	// Cut short between the hook's end and its record, post-deploy runs once more.
	const again = (hook: string, index: number) => hook === "app post-deploy" && all[index - 1] === hook;
	const once = all.filter((hook, index) => !again(hook, index));
	const last = once.slice(once.lastIndexOf("app pre-start"));
	expect(last, all.join()).toEqual(["app pre-start", "app start", "app post-start", "app post-deploy"]);
}

describe.each(oneUser)("interrupted, as $name", (user) => {
	test("Ctrl-C in each kind of step of a first deploy: it stops cleanly, and the next goes on", () =>
		withWorld(user, async (world) => {
			writeInputs(world);
			const seen = new Set<string>();
			for (;;) {
				const running = start(world);
				const isNew = (event: DavitEvent) => event.type === "step-started" && !seen.has(event.kind);
				const event = await running.until(isNew).catch(() => undefined);
				if (event?.type !== "step-started") {
					expect((await running.ended).code).toBe(0);
					break;
				}
				seen.add(event.kind);
				running.signal("SIGINT");
				// The last step may have ended by itself.
				if (event.kind === "record-deploy" && (await running.ended).code === 0) break;
				await expectInterrupted(running);
			}
			expect([...seen]).toEqual(
				expect.arrayContaining([
					"create-vm",
					"bootstrap-vm",
					"compile-package",
					"attach-disk",
					"install-jobs",
					"start",
				]),
			);
			await expectDeployed(world);
		}));

	test("Ctrl-C while a hook runs: the hook is left to end, and never runs twice", () =>
		withWorld(user, async (world) => {
			const hook = `${note("pre-start")}\nuntil [ -e /var/vcap/data/go ]; do sleep 0.1; done`;
			writeInputs(world, { "pre-start": hook });
			const running = start(world);
			await running.until(isStep("pre-start"));
			await vi.waitUntil(() => order(world).includes("app pre-start"), { timeout: 120_000 });
			running.signal("SIGINT");
			expect(await expectInterrupted(running)).toContain("it was at: Running pre-start on web/0");
			const next = start(world);
			await next.until(isStep("pre-start"));
			writeFileSync(join(vmRoot(world.home, "web/0"), "var/vcap/data/go"), "");
			expect((await next.ended).code).toBe(0);
			expect(order(world)).toEqual(["app pre-start", "app start", "app post-start", "app post-deploy"]);
		}));

	test("Ctrl-C while a drain never ends: the answer is shown, and --skip-drain passes over it", () =>
		withWorld(user, async (world) => {
			const hooks = { drain: `${note("drain $*")}\necho -5` };
			writeInputs(world, hooks);
			expect(await world.davit(["deploy", "tiny.yml"])).toMatchObject({ code: 0 });
			writeInputs(world, hooks, "good day");
			const running = start(world);
			const waiting = await running.until(({ type }) => type === "step-waiting");
			expect(waiting).toMatchObject({ text: "web/0: drain of app answered -5", elapsedMs: expect.any(Number) });
			running.signal("SIGINT");
			expect(await expectInterrupted(running)).toContain("it was at: Stopping web/0");
			expect(order(world)).toContain("app drain job_changed hash_changed");
			const { code, stderr } = await world.davit(["deploy", "--skip-drain", "web", "tiny.yml"]);
			expect(code, stderr).toBe(0);
			await expectDeployed(world);
		}));

	test.each(["SIGTERM", "SIGHUP"] as const)("%s does what Ctrl-C does", (signal) =>
		withWorld(user, async (world) => {
			writeInputs(world);
			const running = start(world);
			await running.until(isStep("compile-package"));
			running.signal(signal);
			await expectInterrupted(running);
			expect((await world.davit(["deploy", "tiny.yml"])).code).toBe(0);
			await expectDeployed(world);
		}),
	);

	test("a second Ctrl-C ends it at once; nobody has to wait for its lease", () =>
		withWorld(user, async (world) => {
			writeInputs(world);
			const running = start(world);
			await running.until(isStep("create-vm"));
			running.signal("SIGINT");
			await running.until(({ type }) => type === "note");
			running.signal("SIGINT");
			expect((await running.ended).code).toBe(130);
			expect(await world.davit(["deploy", "tiny.yml"])).toMatchObject({ code: 0 });
			await expectDeployed(world);
		}));
});
