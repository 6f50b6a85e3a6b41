import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DavitEvent } from "../../src/events.ts";
import { openWorld, type World } from "../support/acceptance.ts";
import { firstProcess, readState, vmRoot } from "../support/acceptance-state.ts";
import { oneUser } from "../support/ordinary-user.ts";
import { tinyGroup, tinyManifest, writeTinyRelease } from "../support/tiny-release.ts";

const MIB = 1 << 20;
/** Bytes that don't compress, the same for the same name. */
const random = (name: string, mib: number) =>
	`openssl enc -aes-128-ctr -pass pass:${name} -nosalt -pbkdf2 </dev/zero 2>/dev/null | head -c ${mib * MIB} >"$BOSH_INSTALL_TARGET/data"`;

type Installed = Extract<DavitEvent, { type: "package-installed" }>;

describe.each(oneUser)("packages from peers, as $name", (user) => {
	let world: World;
	const seen: DavitEvent[] = [];
	const told = async (args: readonly string[]) => {
		const outcome = await world.told(args);
		seen.push(...outcome.events);
		return {
			...outcome,
			installed: outcome.events.filter((event): event is Installed => event.type === "package-installed"),
		};
	};
	const warnings = (events: readonly DavitEvent[]) =>
		events.flatMap((event) => (event.type === "problem" ? `${event.problem.code}: ${event.problem.message}` : []));
	const inVm = (instance: string, path: string) => join(vmRoot(world.home, instance), path);
	const deploy = (instances: Readonly<Record<string, number>>, packages: Readonly<Record<string, string>>) => {
		writeTinyRelease(world, "release", { jobs: { app: { packages: Object.keys(packages) } }, packages });
		const groups = Object.entries(instances).map(([az, count]) =>
			tinyGroup(`web-${az}`, "app", { azs: [az], instances: count, update: { max_in_flight: 10 } }),
		);
		world.write("tiny.yml", tinyManifest(groups, { update: { ...QUICK, serial: false } }));
		return told(["deploy", "tiny.yml", "-n"]);
	};
	const instances = () => readState(world.home).instances.map(({ group, index }) => `${group}/${index}`);
	const dataOf = (instance: string, name: string) => {
		const bits = join(inVm(instance, "var/vcap/data/packages"), name);
		return readdirSync(bits).map((key) => join(bits, key, "data"));
	};
	const digestOf = (instance: string, name: string) => {
		const [newest = ""] = dataOf(instance, name);
		return createHash("sha256").update(readFileSync(newest)).digest("hex");
	};
	const inside = async (instance: string, script: string) => {
		const { code, stderr } = await world.davit(["ssh", instance, "-c", `sudo bash -c '${script}'`]);
		expect(code, stderr).toBe(0);
	};
	/** Archives that are read there stand still after the first bytes. */
	const slowDown = (instance: string) =>
		inside(
			instance,
			`printf "%s\\n" "#!/bin/bash" "[[ \\$1 != */davit-peer/* ]] || { : >/tmp/reading; head -c 1000 \\$1; sleep 600; }" "exec /bin/cat \\"\\$@\\"" >/usr/local/bin/cat; chmod 755 /usr/local/bin/cat`,
		);
	const QUICK = { canaries: 0, max_in_flight: 10, canary_watch_time: "100-30000", update_watch_time: "100-30000" };
	/** What peers needed is gone from every VM. */
	const nothingLeft = () => {
		for (const { group, index } of readState(world.home).instances) {
			const instance = `${group}/${index}`;
			expect(existsSync(inVm(instance, "var/vcap/data/davit-peer")), instance).toBe(false);
			expect(readFileSync(inVm(instance, "home/davit/.ssh/authorized_keys"), "utf8")).not.toContain("davit-peer");
		}
		expect(readState(world.home).openIntents).toBe(0);
	};
	const counts = (installed: readonly Installed[]) =>
		Object.fromEntries(
			[...Map.groupBy(installed, ({ source }) => source)].map(([source, all]) => [source, all.length]),
		);

	beforeAll(() => {
		world = openWorld(user);
	});
	afterAll(() => world?.close());

	test("a package goes to each AZ once, and not at all to that of the VM that compiled it", async () => {
		const { code, stderr, events, installed } = await deploy({ z1: 3, z2: 3 }, { big: random("big", 4) });
		expect([code, warnings(events)], stderr).toEqual([0, []]);
		expect(counts(installed)).toEqual({ peer: 4, ssh: 1 });
		const azOf = (instance = "") => instance.split("/")[0];
		for (const { instance, peer, source } of installed)
			if (source === "peer") expect(azOf(peer), instance).toBe(azOf(instance));
		expect(new Set(instances().map((instance) => digestOf(instance, "big"))).size).toBe(1);
		nothingLeft();
	});

	test("a new VM gets it from those that have it, and the plan names them", async () => {
		world.write("ops.yml", "- {type: replace, path: /instance_groups/name=web-z1/instances, value: 4}\n");
		const { code, stdout } = await world.davit(["plan", "tiny.yml", "-o", "ops.yml"]);
		expect(code).toBe(0);
		expect(stdout).toMatch(
			/^ {2}from peers: {2}1 package, [\d.]+ MiB of those that are compiled; by the VMs, each from another one of its AZ: web-z1\/0, web-z1\/1, web-z1\/2$/m,
		);
		const { installed, ...outcome } = await told(["deploy", "tiny.yml", "-o", "ops.yml", "-n"]);
		expect([outcome.code, warnings(outcome.events)], outcome.stderr).toEqual([0, []]);
		expect(installed).toEqual([
			expect.objectContaining({
				instance: "web-z1/3",
				package: "big",
				source: "peer",
				peer: expect.stringMatching(/^web-z1\/[012]$/),
			}),
		]);
		nothingLeft();
	});

	test("a peer whose package has changed is passed over without a word; with all of them changed it is copied", async () => {
		for (const instance of ["web-z1/0", "web-z1/1", "web-z1/2"])
			await inside(instance, "echo more >>/var/vcap/packages/big/data");
		const { code, stderr, events, installed } = await told(["recreate", "web-z1/3", "-n"]);
		expect([code, warnings(events), counts(installed)], stderr).toEqual([0, [], { ssh: 1 }]);
		expect(digestOf("web-z1/3", "big")).toBe(digestOf("web-z2/0", "big"));
		nothingLeft();
	});

	test("a VM without ssh gets all another way, and that is told once", async () => {
		const packages = { big: random("big", 4), more: random("more", 4), third: random("third", 4) };
		await inside("web-z2/2", "rm /usr/bin/ssh");
		const { code, stderr, events, installed } = await deploy({ z1: 1, z2: 3 }, packages);
		expect([code, warnings(events)], stderr).toEqual([
			0,
			[
				expect.stringMatching(
					/^package-not-from-peer: web-z2\/2 could not fetch package \w+ from web-z2\/[01], and gets it another way: there is no ssh on this VM$/,
				),
			],
		]);
		const own = installed.filter(({ instance }) => instance === "web-z2/2");
		expect(counts(own)).toEqual({ ssh: 2 });
		nothingLeft();
	});

	test("a peer that stands still is followed by the next one", async () => {
		await slowDown("web-z2/0");
		const { code, stderr, events, installed } = await told(["recreate", "web-z2/2", "-n"]);
		expect([code, warnings(events)], stderr).toEqual([
			0,
			[
				expect.stringMatching(
					/^package-not-from-peer: web-z2\/2 could not fetch package \w+ from web-z2\/0, and gets it another way: no byte came for 20 s$/,
				),
			],
		]);
		expect(counts(installed)).toEqual({ peer: 3 });
		expect(digestOf("web-z2/2", "big")).toBe(digestOf("web-z2/1", "big"));
		nothingLeft();
	});

	test("davit is killed while a VM fetches: the next run leaves nothing of it, though it has nothing else to do there", async () => {
		const begun = world.start(["recreate", "web-z2/2", "-n"]);
		const serving = () => world.davit(["ssh", "web-z2/0", "-c", "cat ~/.ssh/authorized_keys"]);
		await expect.poll(async () => (await serving()).stdout, { timeout: 120_000 }).toContain("davit-peer");
		begun.signal("SIGKILL");
		await begun.ended;
		seen.push(...begun.events);
		const { code, stderr } = await told(["deploy", "tiny.yml", "-n"]);
		expect(code, stderr).toBe(0);
		expect(digestOf("web-z2/2", "big")).toBe(digestOf("web-z2/1", "big"));
		nothingLeft();
	});

	test("a peer whose VM dies in the midst of it costs that one transfer", async () => {
		await inside("web-z2/0", "rm /tmp/reading");
		const begun = world.start(["recreate", "web-z2/2", "-n"]);
		const reading = async () => (await world.davit(["ssh", "web-z2/0", "-c", "ls /tmp/reading"])).code;
		await expect.poll(reading, { timeout: 120_000 }).toBe(0);
		const vm = readState(world.home).instances.find(({ group, index }) => `${group}/${index}` === "web-z2/0")?.vm;
		process.kill(firstProcess(world.home, vm?.cid ?? ""), "SIGKILL");
		const { code, stderr } = await begun.ended;
		seen.push(...begun.events);
		expect(code, stderr).toBe(0);
		expect(warnings(begun.events)).toEqual([
			expect.stringMatching(/^package-not-from-peer: web-z2\/2 could not fetch package \w+ from web-z2\/0, /),
			expect.stringMatching(
				/^peer-not-cleared: archives of packages that web-z2\/0 kept for other VMs could not be removed: /,
			),
		]);
		const again = await told(["deploy", "tiny.yml", "-n"]);
		expect(again.code, again.stderr).toBe(0);
		nothingLeft();
	});

	test("no private key is in what was shown or kept", () => {
		expect(seen.filter(({ type }) => type === "package-installed").length).toBeGreaterThan(10);
		expect(JSON.stringify(seen)).not.toContain("PRIVATE KEY");
	});
});
