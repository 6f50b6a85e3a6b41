import { existsSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openWorld, type World } from "../support/acceptance.ts";
import { startedKinds } from "../support/acceptance-golden.ts";
import {
	firstProcess,
	listingOf,
	processesBeside,
	readState,
	recordedListing,
	vmRoot,
} from "../support/acceptance-state.ts";
import { expectFailure } from "../support/bad-input.ts";
import { oneUser } from "../support/ordinary-user.ts";
import { notingHooks, tinyGroup, tinyManifest, writeTinyRelease } from "../support/tiny-release.ts";

const HOOKS = ["pre-start", "post-start", "post-deploy", "pre-stop", "drain", "post-stop"] as const;
const NOTHING = "tiny: nothing to do, all is as the manifest says\n";

describe.each(oneUser)("what an operator does with instances, as $name", (user) => {
	let world: World;
	beforeAll(async () => {
		world = openWorld(user);
		writeTinyRelease(world, "release", {
			jobs: {
				app: {
					properties: { port: {} },
					templates: { "config/port": "<%= p('port') %>" },
					hooks: {
						...notingHooks(HOOKS),
						drain:
							'echo "app drain" >>/var/vcap/sys/log/order; while [ -e /var/vcap/sys/log/hold ]; do sleep 0.1; done; echo 0',
					},
				},
			},
		});
		write(1);
		await succeed(["deploy", "tiny.yml"]);
	});
	afterAll(() => world.close());

	function write(port: number, groups: readonly string[] = ["web", "db"]): void {
		const jobs = [{ name: "app", release: "tiny", properties: { port } }];
		const all = { web: tinyGroup("web", jobs, { instances: 2 }), db: tinyGroup("db", jobs, { persistent_disk: 64 }) };
		world.write("tiny.yml", tinyManifest(groups.map((name) => all[name as "web"])));
	}

	async function succeed(args: readonly string[]): Promise<string> {
		const { code, stdout, stderr } = await world.davit(args);
		expect(code, stderr).toBe(0);
		return stdout + stderr;
	}

	/** What happened on the VM since it was last asked. */
	function happened(instance: string): readonly string[] {
		const file = join(vmRoot(world.home, instance), "var/vcap/data/sys/log/order");
		const lines = existsSync(file) ? readFileSync(file, "utf8").trimEnd().split("\n") : [];
		const since = lines.slice(seen.get(file) ?? 0).map((line) => line.replace("app ", ""));
		seen.set(file, lines.length);
		return since;
	}
	const seen = new Map<string, number>();
	const forget = () => {
		for (const name of ["web/0", "web/1", "db/0"]) happened(name);
	};
	const states = async () => {
		const { stdout } = await world.davit(["instances", "--json"]);
		return Object.fromEntries(
			[...stdout.matchAll(/"instance":"([^"]+)","state":"([^"]+)"/g)].map(([, name, state]) => [name, state]),
		);
	};

	test("stop goes through BOSH's order on the chosen one alone; deploys keep it stopped and up to date; start brings it back", async () => {
		forget();
		await succeed(["stop", "web/0"]);
		expect(happened("web/0")).toEqual(["pre-stop", "drain", "stop", "post-stop"]);
		expect(happened("web/1")).toEqual([]);
		expect(await states()).toEqual({ "web/0": "stopped", "web/1": "running", "db/0": "running" });
		expect((await world.davit(["instances", "--failing"])).stdout).not.toContain("web/0");
		expect(await succeed(["stop", "web/0"])).toBe("tiny: nothing to do\n");
		expect(await succeed(["deploy", "tiny.yml"])).toBe(`${NOTHING}stopped until davit start: web/0\n`);

		write(2);
		await succeed(["deploy", "tiny.yml"]);
		expect(happened("web/0")).toEqual([]);
		expect(await states()).toMatchObject({ "web/0": "stopped", "web/1": "running" });
		expect(await succeed(["ssh", "web/0", "-c", "cat /var/vcap/jobs/app/config/port"])).toBe("2\n");

		await succeed(["start", "web/0"]);
		expect(happened("web/0")).toEqual(["pre-start", "start", "post-start", "post-deploy"]);
		expect(await states()).toMatchObject({ "web/0": "running" });
		expect(await succeed(["deploy", "tiny.yml"])).toBe(NOTHING);
	});

	test("stop --hard deletes the VM and keeps the disk; deploys make none; start makes one, with the data", async () => {
		await succeed(["ssh", "db/0", "-c", "sudo sh -c 'echo kept >/var/vcap/store/data'"]);
		await succeed(["stop", "--hard", "db", "-n"]);
		expect(await states()).toMatchObject({ "db/0": "detached" });
		expect(listingOf(world.home)).toEqual(recordedListing(world.home));
		expect(listingOf(world.home)).toMatchObject({ vms: { length: 2 }, disks: { length: 1 } });
		expect(await succeed(["deploy", "tiny.yml"])).toBe(`${NOTHING}stopped until davit start: db/0\n`);
		expect(await succeed(["stop", "db", "-n"])).toBe("tiny: nothing to do\n");
		await succeed(["start", "db"]);
		expect(await succeed(["ssh", "db/0", "-c", "cat /var/vcap/store/data"])).toBe("kept\n");
		expect(await succeed(["deploy", "tiny.yml"])).toBe(NOTHING);
	});

	test("restart stops and starts, one after the other or at once as it is told", async () => {
		forget();
		const { code, events } = await world.told(["restart", "web", "--canaries", "0", "--max-in-flight", "2"]);
		expect(code).toBe(0);
		const stops = events.flatMap((event, at) => (event.type === "step-started" && event.kind === "stop" ? [at] : []));
		const ended = events.findIndex((event) => event.type === "step-finished" && event.kind === "start");
		expect(stops.filter((at) => at < ended)).toHaveLength(2);
		for (const name of ["web/0", "web/1"])
			expect(happened(name)).toEqual([
				"pre-stop",
				"drain",
				"stop",
				"post-stop",
				"pre-start",
				"start",
				"post-start",
				"post-deploy",
			]);
		expect(happened("db/0")).toEqual([]);
	});

	test("recreate gives another VM, with the disk and its data; --dry-run only says so", async () => {
		const vmOf = (name: string) =>
			readState(world.home).instances.find(({ group, index }) => `${group}/${index}` === name)?.vm?.cid;
		const [web, db] = [vmOf("web/1"), vmOf("db/0")];
		expect(await succeed(["recreate", "db/0", "--dry-run"])).toMatch(
			/^tiny: \d+ steps\n {2}recreate db\/0 \(recreate\)\n$/,
		);
		expect(vmOf("db/0")).toBe(db);
		await succeed(["recreate", "db/0", "-n"]);
		expect(vmOf("db/0")).not.toBe(db);
		expect(vmOf("web/1")).toBe(web);
		expect(await succeed(["ssh", "db/0", "-c", "cat /var/vcap/store/data"])).toBe("kept\n");
		expect(listingOf(world.home)).toEqual(recordedListing(world.home));
	});

	test("recreate --vms-created-before gives another VM to those that are older, and to none at the second time", async () => {
		const vms = () =>
			Object.fromEntries(readState(world.home).instances.map(({ group, index, vm }) => [`${group}/${index}`, vm]));
		const { "db/0": young, "web/0": old, "web/1": another } = vms();
		const asked = ["recreate", "--no-converge", "-n", "--vms-created-before"];
		const time = new Date(young?.createdAt ?? 0).toISOString();
		const told = await succeed([...asked, time]);
		expect(told).toContain("recreate web/0 (recreate)");
		expect(told).not.toContain("recreate db/0");
		expect(vms()["db/0"]).toEqual(young);
		expect(vms()["web/0"]?.cid).not.toBe(old?.cid);
		expect(vms()["web/1"]?.cid).not.toBe(another?.cid);
		expect(await succeed([...asked, time])).toBe("tiny: nothing to do\n");
		expect(await succeed(["deploy", "tiny.yml", "--recreate-vms-created-before", time])).toBe(NOTHING);
		// The same moment as a clock nine hours ahead shows it.
		const ahead = new Date((young?.createdAt ?? 0) + 9 * 3_600_000).toISOString().replace("Z", "+09:00");
		expect(await succeed([...asked, ahead])).toBe("tiny: nothing to do\n");
	});

	const converging = ["start", "stop", "restart", "recreate"].map((verb): [string[], string] => [
		[verb, "web", "--converge"],
		`--converge: davit ${verb} changes the named instances alone`,
	]);
	test.each([
		[["recreate", "--vms-created-before", "yesterday"], "--vms-created-before yesterday is no time"],
		[["recreate", "--vms-created-before", "2026-02-30T00:00:00Z"], "2026-02-30T00:00:00Z is no time"],
		[["deploy", "tiny.yml", "--recreate-vms-created-before", "2026-02-01"], "2026-02-01 is no time"],
		...converging,
	])("%j is refused, and nothing is changed", async (args, message) => {
		const before = readState(world.home);
		expect(await world.davit(args)).toMatchObject({ code: 64, stdout: "", stderr: expect.stringContaining(message) });
		expect(readState(world.home)).toEqual(before);
	});

	test("an ignored instance stays as it is, whatever comes; unignored, it catches up", async () => {
		await succeed(["ignore", "web/1"]);
		write(3);
		expect(await succeed(["deploy", "tiny.yml"])).toContain("ignored until davit unignore: web/1");
		const portOf = (name: string) => succeed(["ssh", name, "-c", "cat /var/vcap/jobs/app/config/port"]);
		expect([await portOf("web/0"), await portOf("web/1")]).toEqual(["3\n", "2\n"]);
		forget();
		expect(await succeed(["restart", "web"])).toContain("web/1 is ignored, and stays as it is");
		expect(happened("web/1")).toEqual([]);
		write(3, ["db"]);
		await expectFailure(
			world,
			["deploy", "-n", "--allow-deletions", "tiny.yml"],
			"an ignored instance that would be deleted",
		);
		await expectFailure(world, ["delete-deployment", "-n"], "a deployment with an ignored instance");
		write(3);
		await succeed(["unignore", "web/1"]);
		await succeed(["deploy", "tiny.yml"]);
		expect(await portOf("web/1")).toBe("3\n");
	});

	test("a stop that is killed is finished by the next command, in order", async () => {
		forget();
		await succeed(["ssh", "web/0", "-c", "sudo touch /var/vcap/sys/log/hold"]);
		const stop = world.start(["stop", "web/0"]);
		await stop.until((event) => event.type === "step-progress" && event.text.includes("app"));
		while (
			!existsSync(join(vmRoot(world.home, "web/0"), "var/vcap/data/sys/log/order")) ||
			!readFileSync(join(vmRoot(world.home, "web/0"), "var/vcap/data/sys/log/order"), "utf8")
				.trimEnd()
				.endsWith("drain")
		)
			await new Promise((resolve) => setTimeout(resolve, 50));
		stop.signal("SIGKILL");
		await stop.ended;
		await succeed(["ssh", "web/0", "-c", "sudo rm /var/vcap/sys/log/hold"]);
		const { code, events, stderr } = await world.told(["deploy", "tiny.yml"]);
		expect(code, stderr).toBe(0);
		expect(startedKinds(events)).toContain("stop");
		expect(await states()).toMatchObject({ "web/0": "stopped" });
		expect(happened("web/0").at(-1)).toBe("post-stop");
		expect(await succeed(["deploy", "tiny.yml"])).toContain(NOTHING);
		await succeed(["start", "web/0"]);
	});

	test("stop needs no release: it works when the folder is gone, and start says what it lacks", async () => {
		renameSync(join(world.folder, "release"), join(world.folder, "away"));
		await succeed(["stop", "web/1"]);
		const { code, stderr } = await world.davit(["start", "web/1"]);
		expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining("release") });
		renameSync(join(world.folder, "away"), join(world.folder, "release"));
		await succeed(["start", "web/1"]);
	});

	test.each<[string, readonly string[], number]>([
		["a stop of a whole group in a pipe", ["stop", "web"], 4],
		["a hard stop in a pipe", ["stop", "web/0", "--hard"], 4],
		["a stop both soft and hard", ["stop", "--soft", "--hard"], 64],
		["a stop of an instance that is not there", ["stop", "web/7"], 64],
		["canaries that are no number", ["restart", "web", "--canaries", "some"], 64],
		["none in flight", ["restart", "web", "--max-in-flight", "0"], 64],
	])("%s is refused, and nothing changes", async (name, args, code) => {
		forget();
		await expectFailure(world, args, name, { code });
		expect(["web/0", "web/1", "db/0"].flatMap(happened)).toEqual([]);
		expect(readState(world.home).instances.map(({ wanted }) => wanted)).toEqual(["started", "started", "started"]);
	});

	test("a VM that does not answer can't be stopped softly, and is said to be; --hard ends it", async () => {
		const { vm } = readState(world.home).instances.find(({ group }) => group === "db") ?? {};
		for (const pid of processesBeside(firstProcess(world.home, vm?.cid ?? ""))) process.kill(pid, "SIGSTOP");
		await expectFailure(world, ["stop", "db", "-n"], "a stop of a VM that does not answer", {
			same: (text) => text.replace(/: \S+ ms|\d+ s/g, "N s"),
		});
		expect(readState(world.home).instances.map(({ wanted }) => wanted)).toEqual(["started", "started", "started"]);
		await succeed(["stop", "--hard", "db", "-n"]);
		expect(listingOf(world.home)).toEqual(recordedListing(world.home));
		await succeed(["start"]);
		expect(await states()).toEqual({ "web/0": "running", "web/1": "running", "db/0": "running" });
	});
});
