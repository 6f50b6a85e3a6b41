import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openWorld, type World } from "../support/acceptance.ts";
import { killAt } from "../support/acceptance-cut.ts";
import { startedKinds } from "../support/acceptance-golden.ts";
import { listingOf, readState, recordedListing, vmRoot } from "../support/acceptance-state.ts";
import { oneUser } from "../support/ordinary-user.ts";
import { tinyGroup, tinyManifest, writeTinyRelease } from "../support/tiny-release.ts";

const NOTHING = { code: 0, stdout: "", stderr: "tiny: nothing to do, all is as the manifest says\n" };
const PORT = 4000;
/** Says which start of which VM answers. */
const SERVE = `exec perl -MIO::Socket::INET -e 'my $s = IO::Socket::INET->new(LocalPort => ${PORT}, Listen => 50, ReuseAddr => 1) or die $!;
while (my $c = $s->accept) { print $c "<%= spec.ip %>\\n"; close $c }'`;
/** Asks the first database by its name, ten times a second, for as long as it runs. */
const ASK = `while :; do
	if exec 3<>"/dev/tcp/<%= link('database').instances[0].address %>/${PORT}" && read -r -t 2 said <&3; then :; else said=failed; fi 2>/dev/null
	exec 3<&- 2>/dev/null
	echo "$(date +%s%3N) $said" >>/var/vcap/sys/log/asked
	sleep 0.1
done`;

const control = (job: string, body: string) => `#!/bin/bash
pidfile=/var/vcap/sys/run/${job}/${job}.pid
case $1 in
start) setsid bash /var/vcap/jobs/${job}/bin/body </dev/null >/dev/null 2>&1 & echo $! >"$pidfile" ;;
stop) [ ! -s "$pidfile" ] || kill -KILL -- -"$(cat "$pidfile")" 2>/dev/null; rm -f "$pidfile" ;;
esac
<%# ${body.length} %>
`;
const runs = (job: string, body: string) => ({ "bin/ctl": control(job, body), "bin/body": `${body}\n` });

describe.each(oneUser)("a VM is made before the old one goes, as $name", (user) => {
	let world: World;
	const cloudOf = (type: number) =>
		readFileSync(join(import.meta.dirname, "../../manifests/cloud/local.yml"), "utf8").replace(
			"- name: minimal",
			`- name: minimal\n  cloud_properties: {is: ${type}}`,
		);
	const want = (type: number) => {
		world.write("cloud.yml", cloudOf(type));
		const client = { name: "client", release: "tiny" };
		world.write(
			"tiny.yml",
			tinyManifest(
				[
					tinyGroup("client", [client], { vm_type: "small" }),
					tinyGroup("db", [{ name: "database", release: "tiny" }], {
						...{ instances: 2, persistent_disk: 64, update: { vm_strategy: "create-swap-delete" } },
					}),
				],
				{ features: { use_dns_addresses: true } },
			),
		);
	};
	const DEPLOY = ["deploy", "-n", "tiny.yml", "--cloud", "cloud.yml"];
	async function succeed(...args: string[]): Promise<string> {
		const { code, stdout, stderr } = await world.davit(args);
		expect(code, stderr).toBe(0);
		return stdout;
	}
	const addressOf = (instance: string) =>
		readState(world.home).instances.find(({ group, index }) => `${group}/${index}` === instance)?.ips.default ?? "";
	const asked = () =>
		readFileSync(join(vmRoot(world.home, "client/0"), "var/vcap/data/sys/log/asked"), "utf8")
			.trim()
			.split("\n")
			.map((line) => ({ at: Number(line.split(" ")[0]), said: line.split(" ")[1] }));
	/** When each step about an instance began and ended, in ms since 1970, oldest first. */
	async function stepsOf(instance: string) {
		const { events } = await world.told(["events", "--instance", instance, "--last", "1000"]);
		const rows = events.flatMap((event) => (event.type === "table" ? event.rows : []));
		return rows.map(({ action, time, seconds }) => {
			const to = Date.parse(String(time));
			return { action: String(action), from: to - Number(seconds) * 1000, to };
		});
	}
	async function expectWhole(): Promise<void> {
		const { instances, openIntents } = readState(world.home);
		expect(openIntents).toBe(0);
		for (const record of instances) expect(Object.keys(record)).not.toContain("nextVm");
		for (const record of instances) expect(Object.keys(record)).not.toContain("formerVm");
		expect(listingOf(world.home)).toEqual(recordedListing(world.home));
		for (const index of [0, 1])
			expect(await succeed("ssh", `db/${index}`, "-c", "sudo cat /var/vcap/store/data")).toBe(`data ${index}\n`);
		expect(await world.davit(["deploy", "tiny.yml", "--cloud", "cloud.yml"])).toEqual(NOTHING);
	}

	beforeAll(async () => {
		world = openWorld(user);
		const link = { name: "database", type: "database" };
		writeTinyRelease(world, "release", {
			jobs: {
				client: { consumes: [link], templates: runs("client", ASK) },
				database: { provides: [link], templates: runs("database", SERVE) },
			},
		});
		want(1);
		await succeed(...DEPLOY);
		for (const index of [0, 1])
			await succeed("ssh", `db/${index}`, "-c", `sudo bash -c 'echo data ${index} >/var/vcap/store/data'`);
	});
	afterAll(() => world.close());

	test("the plan says where they go; who asks by name is answered by the old one until it stops, and then by the new one", async (context) => {
		const former = addressOf("db/0");
		want(2);
		const plan = await succeed("plan", "tiny.yml", "--cloud", "cloud.yml");
		expect(plan).toContain("a new VM is prepared while its jobs run; they are stopped, and started there");
		expect(plan).toContain(`db/0 on default: ${former} → `);
		expect(plan).toMatch(/meanwhile: +at most 1 more VM at a time, .*addresses: 2 default/);
		const { code, events, stderr } = await world.told(DEPLOY);
		expect(code, `${stderr}${JSON.stringify(events)}`).toBe(0);
		const now = addressOf("db/0");
		expect(now).not.toBe(former);
		const steps = (await stepsOf("db/0")).slice(-20);
		const stepOf = (action: string) => steps.findLast((step) => step.action === action) ?? expect.fail(action);
		const [made, stop, start] = [stepOf("create-vm"), stepOf("stop"), stepOf("start")];
		const answers = asked();
		const while_ = answers.filter(({ at }) => at > made.from && at < stop.from);
		expect(while_.length, "questions while the new VM was made").toBeGreaterThan(0);
		expect(new Set(while_.map(({ said }) => said))).toEqual(new Set([former]));
		const after = answers.filter(({ at }) => at > start.to + 3_000);
		expect(new Set(after.map(({ said }) => said))).toEqual(new Set([now]));
		const last = answers.findLast(({ said }) => said === former)?.at ?? 0;
		const first = answers.find(({ said }) => said === now)?.at ?? 0;
		await context.annotate(
			`nobody answered for ${first - last} ms; its VM took ${stop.from - made.from} ms until it was prepared`,
		);
		await expectWhole();
	});

	test("a new VM is there beside the old one, and davit vms shows both; killed, and another wanted by then, it goes", async () => {
		want(3);
		expect(await killAt(world, DEPLOY, (kind) => kind === "stop")).toBe("stop");
		const { events } = await world.told(["vms"]);
		const rows = events.flatMap((event) => (event.type === "table" ? event.rows : []));
		expect(rows.map(({ instance, state }) => [instance, state])).toEqual([
			["client/0", "running"],
			["db/0", "running"],
			["db/1", "running"],
			["db/0", "next"],
		]);
		expect(new Set(rows.map(({ vm_cid: cid }) => cid)).size).toBe(4);
		want(2);
		const { code, stderr } = await world.davit(DEPLOY);
		expect(code, stderr).toBe(0);
		await expectWhole();
	});

	test("davit recreate does the same; killed once it is swapped, the old VM goes and the new one is gone on with", async () => {
		const former = addressOf("db/1");
		expect(await killAt(world, ["recreate", "-n", "db/1"], (kind) => kind === "attach-disk")).toBe("attach-disk");
		expect(addressOf("db/1")).not.toBe(former);
		const { code, events, stderr } = await world.told(DEPLOY);
		expect(code, `${stderr}${JSON.stringify(events)}`).toBe(0);
		expect(startedKinds(events)).toContain("delete-orphan-vm");
		expect(startedKinds(events)).not.toContain("create-vm");
		await expectWhole();
	});
});
