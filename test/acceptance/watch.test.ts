import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { VmCid } from "../../src/cpi/cpi.ts";
import type { DavitEvent } from "../../src/events.ts";
import { openWorld, type World } from "../support/acceptance.ts";
import type { Running } from "../support/acceptance-process.ts";
import { firstProcess, listingOf, processesBeside, readState, recordedListing } from "../support/acceptance-state.ts";
import { type CpiProcess, startCpi } from "../support/cpi-process.ts";
import { oneUser } from "../support/ordinary-user.ts";
import { tinyGroup, tinyManifest, writeTinyRelease } from "../support/tiny-release.ts";

type Health = DavitEvent & { type: "health" };

/** The processes through which the embedded provider's VMs are reached. */
function gatewaysOf(home: string): readonly number[] {
	const networks = join(home, "local/networks");
	return readdirSync(networks).flatMap((id) => {
		const [, holder] = readFileSync(join(networks, id, "process"), "utf8").split(" ");
		return readFileSync(`/proc/${holder}/task/${holder}/children`, "utf8").trim().split(" ").map(Number);
	});
}

/** A server whose process runs on while it answers nothing but 503: until it is started anew, or only on another VM. */
const SITE = `#!/bin/bash
pidfile=/var/vcap/sys/run/site/site.pid
case $1 in
  start)
    rm -f /var/vcap/data/ill
    setsid /opt/davit/node -e 'require("http").createServer((request, response) => {
      response.statusCode = ["ill", "lost"].some((name) => require("fs").existsSync("/var/vcap/data/" + name)) ? 503 : 200;
      response.end();
    }).listen(8099, "0.0.0.0")' </dev/null >/dev/null 2>&1 &
    echo $! >"$pidfile"
    ;;
  stop) kill -KILL "$(cat "$pidfile")"; rm -f "$pidfile" ;;
esac
`;

describe.each(oneUser)("davit watch, as $name", (user) => {
	let world: World;
	/** The provider, behind davit's back. */
	let provider: CpiProcess;

	beforeAll(async () => {
		world = openWorld(user);
		writeTinyRelease(world, "release", { jobs: { app: {}, site: { templates: { "bin/ctl": SITE } } } });
		const groups = [tinyGroup("web", "app", { instances: 3 }), tinyGroup("db", "app", { persistent_disk: 100 })];
		const site = (health: object) => tinyManifest([...groups, tinyGroup("site", "site", health)]);
		world.write("tiny.yml", site({ health: [{ port: 8099, path: "/ready", status: [200] }] }));
		world.write("unasked.yml", site({}));
		const { code, stderr } = await world.davit(["deploy", "tiny.yml"]);
		expect(code, stderr).toBe(0);
		provider = await startCpi(user, "local", { name: "local", properties: {}, home: world.home, env: {} });
		const wrote = await world.davit(["ssh", "db/0", "-c", "sudo sh -c 'echo kept >/var/vcap/store/data'"]);
		expect(wrote.code, wrote.stderr).toBe(0);
	});
	afterAll(async () => {
		await provider?.kill();
		await world.close();
	});

	/** Watches while `work` does harm and waits for what comes of it; gives all that was told of health. */
	async function watching(
		work: (watch: Running) => Promise<void>,
		options: readonly string[] = [],
	): Promise<readonly Health[]> {
		const watch = world.start(["watch", "--interval", "2", ...options], { longestMs: 600_000 });
		await watch.until((event) => event.type === "note");
		await work(watch);
		watch.signal("SIGINT");
		expect((await watch.ended).code).toBe(130);
		return watch.events.filter((event) => event.type === "health");
	}

	const health = (verdict: string, instance?: string) => (event: DavitEvent) =>
		event.type === "health" && event.verdict === verdict && event.instance === instance;
	const told = (events: readonly Health[]) => events.map(({ instance = "all", verdict }) => `${instance} ${verdict}`);
	const vmOf = (instance: string) => {
		const found = readState(world.home).instances.find(({ group, index }) => `${group}/${index}` === instance);
		return found?.vm?.cid as string;
	};
	const send = (signal: NodeJS.Signals, pids: readonly number[]) => {
		for (const pid of pids) process.kill(pid, signal);
	};
	/** Nothing doubled, nothing lost, and nothing to do for the next deploy. */
	async function isWhole(): Promise<void> {
		expect(listingOf(world.home)).toEqual(recordedListing(world.home));
		const again = await world.davit(["deploy", "tiny.yml"]);
		expect(again.stderr).toContain("tiny: nothing to do, all is as the manifest says");
		const { stdout } = await world.davit(["ssh", "db/0", "-c", "sudo cat /var/vcap/store/data"]);
		expect(stdout).toContain("kept");
	}

	test("a VM whose plug was pulled is powered on; what an operator stopped or ignores is left alone", async () => {
		expect((await world.davit(["stop", "web/1"])).code).toBe(0);
		expect((await world.davit(["ignore", "web/2"])).code).toBe(0);
		const vm = vmOf("db/0");
		const events = await watching(async (watch) => {
			for (const instance of ["web/1", "web/2", "db/0"]) send("SIGKILL", [firstProcess(world.home, vmOf(instance))]);
			await watch.until(health("repaired", "db/0"));
		});
		expect(told(events)).toEqual(["db/0 missing", "db/0 repair", "db/0 repaired"]);
		expect(vmOf("db/0")).toBe(vm);
		expect((await world.davit(["unignore", "web/2"])).code).toBe(0);
		expect((await world.davit(["start", "web/1"])).code).toBe(0);
		expect((await world.davit(["deploy", "tiny.yml"])).code).toBe(0);
		await isWhole();
	});

	test("a frozen VM is given up after three silent looks: its VM is deleted before the disk goes to a new one", async () => {
		const vm = vmOf("db/0");
		const events = await watching(async (watch) => {
			send("SIGSTOP", processesBeside(firstProcess(world.home, vm)));
			await watch.until(health("repaired", "db/0"));
			const steps = watch.events.flatMap((event) => (event.type === "step-finished" ? [event.kind] : []));
			expect(steps.indexOf("delete-vm")).toBeGreaterThanOrEqual(0);
			expect(steps.indexOf("delete-vm")).toBeLessThan(steps.indexOf("attach-disk"));
		});
		expect(told(events)).toEqual(["db/0 unresponsive", "db/0 repair", "db/0 repaired"]);
		expect(vmOf("db/0")).not.toBe(vm);
		await isWhole();
	});

	test("while the watcher is cut off from its VMs, nothing is done to them", async () => {
		const { vms } = listingOf(world.home);
		const all = ["web/0", "web/1", "web/2", "db/0", "site/0"];
		const gateways = gatewaysOf(world.home);
		try {
			const events = await watching(async (watch) => {
				send("SIGSTOP", gateways);
				await watch.until(health("partitioned"));
				for (const instance of all) await watch.until(health("partitioned", instance));
				send("SIGCONT", gateways);
				for (const instance of all) await watch.until(health("healthy", instance));
			});
			expect(events.filter(({ verdict }) => ["repair", "repaired", "failed"].includes(verdict))).toEqual([]);
		} finally {
			send("SIGCONT", gateways);
		}
		expect(listingOf(world.home).vms).toEqual(vms);
		await isWhole();
	});

	test("what a rule or update-resurrection exempts is told, and repaired once it may be", async () => {
		world.write("rules.yml", "rules: [{enabled: false, include: {instance_groups: [db]}}]\nmax_in_flight: 50%\n");
		expect(await world.davit(["update-resurrection", "off"])).toMatchObject({
			code: 0,
			stderr: "resurrection is off\n",
		});
		const events = await watching(
			async (watch) => {
				for (const instance of ["web/0", "db/0"]) {
					send("SIGKILL", [firstProcess(world.home, vmOf(instance))]);
					await watch.until(health("held", instance));
				}
				expect((await world.davit(["update-resurrection", "on"])).code).toBe(0);
				await watch.until(health("repaired", "web/0"));
			},
			["--resurrection-config", "rules.yml"],
		);
		expect(told(events).filter((line) => line.startsWith("db/0"))).toEqual(["db/0 missing", "db/0 held"]);
		expect((await world.davit(["events", "--action", "update-resurrection"])).stdout).toMatch(/ off [\s\S]* on /);
		expect((await world.davit(["deploy", "tiny.yml"])).code).toBe(0);
		await isWhole();
	});

	test("a service that is deaf though its process runs is restarted; what is asked of it changes nothing on its VM", async () => {
		const pid = async () => (await world.davit(["ssh", "site/0", "-c", "cat /var/vcap/sys/run/site/site.pid"])).stdout;
		const before = await pid();
		const events = await watching(async (watch) => {
			expect((await world.davit(["ssh", "site/0", "-c", "sudo touch /var/vcap/data/ill"])).code).toBe(0);
			await watch.until(health("repaired", "site/0"));
		});
		expect(told(events)).toEqual(["site/0 degraded", "site/0 repair", "site/0 repaired"]);
		expect(events[0]?.text).toMatch(/^degraded: [\d.]+:8099\/ready status 503$/);
		const after = await pid();
		expect(after).not.toBe(before);
		for (const manifest of ["unasked.yml", "tiny.yml"])
			expect((await world.davit(["deploy", manifest])).stderr).toMatch(/^tiny: 1 step\n✓ Recording tiny /);
		expect(await pid()).toBe(after);
	});

	test("what a restart does not mend is rebooted, and what a reboot does not gets another VM", {
		timeout: 600_000,
	}, async () => {
		const [vm, boot] = [
			vmOf("site/0"),
			async () => (await world.davit(["ssh", "site/0", "-c", "cat /proc/1/stat"])).stdout,
		];
		const before = await boot();
		world.write("at-once.yml", "back_off: [0]\n");
		const events = await watching(
			async (watch) => {
				expect((await world.davit(["ssh", "site/0", "-c", "sudo touch /var/vcap/data/lost"])).code).toBe(0);
				const repairs = () => watch.events.filter(health("repaired", "site/0")).length;
				await watch.until(() => repairs() === 2);
				expect(vmOf("site/0")).toBe(vm);
				expect(await boot()).not.toBe(before);
				await watch.until(() => repairs() === 3);
			},
			["--resurrection-config", "at-once.yml"],
		);
		const remedies = events.flatMap(({ verdict, text }) => (verdict === "repair" ? [text.split(",")[0]] : []));
		expect(remedies).toEqual(["restart", "reboot", "recreate"]);
		expect(vmOf("site/0")).not.toBe(vm);
		await isWhole();
	});

	test("VMs that are all lost at once come back one after another, as what they were, and each repair says why", {
		timeout: 600_000,
	}, async () => {
		const identities = () =>
			readState(world.home)
				.instances.map(({ id, group, index, az, ips, disk }) => JSON.stringify({ id, group, index, az, ips, disk }))
				.sort();
		const before = identities();
		const gone = vmOf("db/0") as VmCid;
		const all = ["web/0", "web/1", "web/2", "db/0", "site/0"];
		const events = await watching(async (watch) => {
			for (const instance of all) send("SIGKILL", [firstProcess(world.home, vmOf(instance))]);
			await provider.cpi.deleteVm(gone, { signal: new AbortController().signal, deadlineMs: 60_000 });
			for (const instance of all) await watch.until(health("repaired", instance));
		});
		const why = Object.fromEntries(
			events.flatMap(({ verdict, instance, text }) => (verdict === "repair" ? [[instance, text]] : [])),
		);
		expect(why["db/0"]).toMatch(/^recreate, since it is gone at the cloud, and it does not answer: /);
		expect(why["web/1"]).toMatch(/^start, since it is powered off at the cloud, and it does not answer: /);
		const order = events.filter(({ verdict }) => verdict === "repair" || verdict === "repaired");
		expect(order.map(({ verdict }) => verdict)).toEqual(all.flatMap(() => ["repair", "repaired"]));
		expect(identities()).toEqual(before);
		expect(vmOf("db/0")).not.toBe(gone);
		expect((await world.davit(["tasks", "-d", "tiny"])).stdout).toMatch(/done .* watch/);
		await isWhole();
	});

	test("--metrics shows to Prometheus what is seen, and a port that is taken is told before anything is watched", async () => {
		const taken = createServer();
		taken.listen(0, "127.0.0.1");
		await once(taken, "listening");
		const { port } = taken.address() as AddressInfo;
		const refused = await world.davit(["watch", "--metrics", String(port)]);
		expect(refused.code).toBe(1);
		expect(refused.stderr).toMatch(/^error: no metrics at 127\.0\.0\.1:\d+: .*EADDRINUSE/);
		taken.close();
		// It ends, though the port had been opened by then.
		const noUrl = await world.davit(["watch", "--metrics", "0", "--webhook", "hook"], { longestMs: 30_000 });
		expect(noUrl).toMatchObject({
			code: 64,
			stderr: expect.stringContaining("--webhook: that is no http or https URL"),
		});
		let shown = "";
		await watching(
			async (watch) => {
				const note = await watch.until((event) => event.type === "note" && event.text.startsWith("metrics at "));
				const url = note.type === "note" ? note.text.slice("metrics at ".length) : "";
				const read = async () => {
					shown = await (await fetch(url)).text();
					return shown;
				};
				await expect
					.poll(read, { timeout: 30_000 })
					.toMatch(/davit_instance_verdict\{[^}]*instance="db\/0"[^}]*verdict="healthy"[^}]*\} 1/);
				expect((await fetch(new URL("/", url))).status).toBe(404);
			},
			["--metrics", "0"],
		);
		for (const line of [
			/^davit_instance_answer_seconds\{deployment="tiny",instance="web\/0"\} \d+\.\d+$/m,
			/^davit_instance_vitals\{deployment="tiny",instance="db\/0",vital="persistent_disk_percent"\} \d+$/m,
			/^davit_process_restarts\{deployment="tiny",instance="web\/0",process="app"\} 0$/m,
			/^davit_answer_seconds_count\{deployment="tiny"\} \d+$/m,
			/^davit_last_look_timestamp_seconds\{deployment="tiny"\} 1\d{9}/m,
		])
			expect(shown).toMatch(line);
	});

	test("--report tells, and repairs nothing", async () => {
		send("SIGKILL", [firstProcess(world.home, vmOf("web/0"))]);
		const { events } = await world.told(["watch", "--interval", "1", "--looks", "8", "--report"]);
		expect(told(events.filter((event) => event.type === "health"))).toEqual(["web/0 missing", "web/0 held"]);
		expect((await world.davit(["deploy", "tiny.yml"])).code).toBe(0);
	});
});
