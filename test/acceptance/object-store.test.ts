import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DavitEvent } from "../../src/events.ts";
import { openWorld, type World } from "../support/acceptance.ts";
import { vmRoot } from "../support/acceptance-state.ts";
import { oneUser } from "../support/ordinary-user.ts";
import { type Relay, type RelayMode, startRelay } from "../support/s3-relay.ts";
import { freePort, type S3Server, s3Missing, startS3 } from "../support/s3-server.ts";
import { tinyGroup, tinyManifest, writeTinyRelease } from "../support/tiny-release.ts";

const PACKAGES = ["adjectives", "nouns", "verbs"];

/** A namespace of the deployment's network, from where its VMs are reached. */
function network(world: World): { readonly enter: readonly string[]; readonly gateway: string } {
	const networks = join(world.home, "local/networks");
	const [name = ""] = readdirSync(networks);
	const [, holder = ""] = readFileSync(join(networks, name, "process"), "utf8").split(" ");
	const enter = ["nsenter", "--target", holder, "--user", "--net", "--preserve-credentials"];
	const [program = "", ...words] = [...enter, "ip", "-4", "-oneline", "address", "show", "davit0"];
	const [, gateway = ""] = /inet ([0-9.]+)/.exec(execFileSync(program, words, { encoding: "utf8" })) ?? [];
	return { enter, gateway };
}

describe.skipIf(s3Missing !== undefined).each(oneUser)("packages from an object store, as $name", (user) => {
	let world: World;
	let server: S3Server;
	let relay: Relay;
	let env: Record<string, string>;
	const seen: DavitEvent[] = [];
	const told = async (args: readonly string[]) => {
		const outcome = await world.told(args, { env });
		seen.push(...outcome.events);
		return outcome;
	};
	const warnings = (events: readonly DavitEvent[]) =>
		events.flatMap((event) => (event.type === "problem" ? `${event.problem.code}: ${event.problem.message}` : []));
	const packagesOf = (instance: string) =>
		PACKAGES.map((name) => {
			const bits = join(vmRoot(world.home, instance), "var/vcap/data/packages", name);
			return readdirSync(bits).map((key) => readFileSync(join(bits, key, "words"), "utf8"));
		});
	const whole = PACKAGES.map((name) => [`${name}\n`]);

	beforeAll(async () => {
		server = await startS3();
		world = openWorld(user);
		writeTinyRelease(world, "release", {
			jobs: { app: { packages: PACKAGES } },
			packages: Object.fromEntries(PACKAGES.map((name) => [name, `echo ${name} >"$BOSH_INSTALL_TARGET/words"`])),
		});
		world.write("tiny.yml", tinyManifest([tinyGroup("web", "app", { instances: 2 })]));
		const { code, stderr } = await world.davit(["deploy", "tiny.yml"]);
		if (code !== 0) throw new Error(stderr);
		const { enter, gateway } = network(world);
		const port = await freePort();
		relay = await startRelay({ host: gateway, port, socket: server.socket, folder: server.folder }, enter);
		const bucket = `s3://blobs/packages?endpoint=${server.endpoint}&vm_endpoint=http://${gateway}`;
		env = { ...server.env, DAVIT_BLOBS: `${bucket}:${port}`, DAVIT_LOG: join(world.folder, "log") };
	}, 600_000);
	afterAll(async () => {
		relay?.close();
		await world?.close();
		server?.close();
	});

	test("a plan says how many and how much", async () => {
		world.write(
			"ops.yml",
			"- {type: replace, path: '/instance_groups/name=web/env?', value: {bosh: {swap_size: 0}}}\n",
		);
		const plan = ["plan", "tiny.yml", "-o", "ops.yml"];
		const { code, stdout, stderr } = await world.davit(plan, { env });
		expect(code, stderr).toBe(0);
		expect(stdout.split("\n").find((line) => line.startsWith("  fetched:"))).toMatch(
			/^ {2}fetched: {5}6 packages, [\d.]+ KiB of those that are compiled; by the VMs, from the bucket of DAVIT_BLOBS$/,
		);
		const { events } = await told(plan);
		const report = events.find((event) => event.type === "plan-report")?.plan;
		const schema = JSON.parse((await world.davit(["schema", "plan"])).stdout);
		expect(new Ajv2020({ strict: false }).compile(schema)(report)).toBe(true);
		expect(report).toMatchObject({
			packages: { there: 0, lacking: [{ source: "object-store", packages: 6, bytes: expect.any(Number) }] },
			steps: expect.arrayContaining([
				expect.objectContaining({ id: "install-packages web/1", sources: ["object-store", "ssh"] }),
			]),
		});
	});

	test("a new VM fetches what it lacks", async () => {
		const { code, events, stderr } = await told(["recreate", "web/1", "-n"]);
		expect([code, warnings(events)], stderr).toEqual([0, []]);
		expect(packagesOf("web/1")).toEqual(whole);
	});

	test.each<[RelayMode, string]>([
		["forbid", "error: 403"],
		["truncate", "remaining"],
		["corrupt", "what came has another digest than"],
	])("%s: it gets them over SSH, and that is told once", async (mode, why) => {
		relay.set(mode);
		const { code, events, stderr } = await told(["recreate", "web/1", "-n"]);
		expect([code, warnings(events)], stderr).toEqual([
			0,
			[
				expect.stringMatching(
					/^package-not-fetched: web\/1 could not fetch package adjectives from the object store, and gets its packages over SSH: /,
				),
			],
		]);
		expect(warnings(events)[0]).toContain(why);
		expect(packagesOf("web/1")).toEqual(whole);
	});

	test("killed while a VM fetches: the next run brings it to the same end", async () => {
		relay.set("stall");
		const begun = world.start(["recreate", "web/1", "-n"], { env });
		const fetching = () =>
			begun.events.some((event) => event.type === "step-progress" && event.id === "install-packages web/1");
		await expect.poll(fetching, { timeout: 120_000 }).toBe(true);
		begun.signal("SIGKILL");
		await begun.ended;
		seen.push(...begun.events);
		relay.set("pass");
		const { code, events, stderr } = await told(["deploy", "tiny.yml", "-n"]);
		expect([code, warnings(events)], stderr).toEqual([0, []]);
		expect(packagesOf("web/1")).toEqual(whole);
		expect((await world.davit(["deploy", "tiny.yml"])).stderr).toBe(
			"tiny: nothing to do, all is as the manifest says\n",
		);
	});

	test("a server that is gone: everything is copied, and that is told once", async () => {
		relay.close();
		const unreachable = await told(["recreate", "web/1", "-n"]);
		expect([unreachable.code, warnings(unreachable.events)]).toEqual([
			0,
			[expect.stringContaining("gets its packages over SSH: curl: (7) ")],
		]);
		server.close();
		const { code, events, stderr } = await told(["recreate", "-n"]);
		expect([code, warnings(events)], stderr).toEqual([
			0,
			[expect.stringMatching(/^object-store-unusable: s3:\/\/blobs\/packages\/ can't be used, .*ECONNREFUSED/)],
		]);
		expect([packagesOf("web/0"), packagesOf("web/1")]).toEqual([whole, whole]);
	});

	test("no URL that was signed is in what was shown, logged or kept", () => {
		expect(seen.filter(({ type }) => type === "step-finished").length).toBeGreaterThan(20);
		expect(JSON.stringify(seen)).not.toContain("X-Amz-");
		const found = execFileSync("sh", [
			"-c",
			`grep -rl --exclude-dir=cache X-Amz- "$0" "$1" || true`,
			world.home,
			join(world.folder, "log"),
		]);
		expect(found.toString()).toBe("");
	});

	test.each([
		["http://blobs", "it names no bucket"],
		["s3://blobs?acces_key=x", "there is no acces_key"],
		["s3://blobs?endpoint=s3.example.com", "s3.example.com is no http or https URL of a server"],
	])("DAVIT_BLOBS=%s is refused before anything is done", async (setting, why) => {
		const { code, stderr } = await world.davit(["recreate", "-n"], { env: { DAVIT_BLOBS: setting } });
		expect(code).toBe(64);
		expect(stderr).toContain(`DAVIT_BLOBS: ${why}`);
	});
});
