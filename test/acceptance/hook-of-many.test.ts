import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { DavitEvent } from "../../src/events.ts";
import { openWorld, type World } from "../support/acceptance.ts";
import { listingOf, readState, recordedListing, vmRoot } from "../support/acceptance-state.ts";
import { users } from "../support/ordinary-user.ts";
import { note, tinyGroup, tinyManifest, writeTinyRelease } from "../support/tiny-release.ts";

const VMS = 20;
const IN_FLIGHT = 4;
const ALL = Array.from({ length: VMS }, (_, index) => `web/${index}`);
const DEPLOY = ["deploy", "tiny.yml"];
const MINUTES = 60_000;

let world: World;
beforeAll(async () => {
	world = openWorld(users.at(-1) as (typeof users)[number]);
	// What is wrong is outside of davit: it is mended on the VM, by hand.
	const failing = `${note("post-start")}
if [ <%= spec.index %> = <%= p('bad') %> ] && [ ! -e /var/vcap/data/mended ]; then
  echo "looking for the licence"
  echo "no licence in /var/vcap/data" >&2
  exit 3
fi`;
	const hooks = { "pre-start": note("pre-start"), "post-start": failing };
	writeTinyRelease(world, "release", { jobs: { app: { properties: { bad: {} }, hooks } } });
	write(-1, VMS);
	const { code, stderr } = await world.davit(DEPLOY, { longestMs: 10 * MINUTES });
	expect(code, stderr).toBe(0);
}, 10 * MINUTES);
afterAll(() => world.close());

function write(bad: number, inFlight: number): void {
	const jobs = [{ name: "app", release: "tiny", properties: { bad } }];
	const watch = { canary_watch_time: "100-60000", update_watch_time: "100-60000" };
	const update = { canaries: 1, max_in_flight: inFlight, ...watch };
	world.write("tiny.yml", tinyManifest([tinyGroup("web", jobs, { instances: VMS })], { update }));
}

/** The sixth in the order of the update: instances come by their UUIDs, behind the bootstrap instance. */
function sixth(): number {
	const { instances } = readState(world.home);
	const rank = ({ bootstrap, id }: (typeof instances)[number]) => `${bootstrap ? 0 : 1} ${id}`;
	return [...instances].sort((a, b) => (rank(a) < rank(b) ? -1 : 1))[5]?.index ?? 0;
}

/** How often each of these happened on the VM since it was made. */
function happened(instance: string) {
	const file = join(vmRoot(world.home, instance), "var/vcap/data/sys/log/order");
	const lines = readFileSync(file, "utf8").trim().split("\n");
	const times = (what: string) => lines.filter((line) => line === `app ${what}`).length;
	return { preStart: times("pre-start"), start: times("start"), stop: times("stop"), postStart: times("post-start") };
}

const ran = (events: readonly DavitEvent[], kind: string) =>
	events
		.flatMap((event) => (event.type === "step-started" && event.kind === kind ? [event.instance ?? ""] : []))
		.sort();

async function states(): Promise<Readonly<Record<string, unknown>>> {
	const { events } = await world.told(["instances"]);
	const rows = events.flatMap((event) => (event.type === "table" ? event.rows : []));
	return Object.fromEntries(rows.map(({ instance, state }) => [instance, state]));
}

test(`a post-start that fails on one VM of ${VMS} is told with what it said and what to do; the next deploy goes on from there`, {
	timeout: 20 * MINUTES,
}, async () => {
	const bad = `web/${sixth()}`;
	write(sixth(), IN_FLIGHT);
	const { vms } = listingOf(world.home);
	const first = await world.told(DEPLOY, { longestMs: 10 * MINUTES });
	expect(first.code).toBe(1);
	const problems = first.events.flatMap((event) => (event.type === "problem" ? [event.problem] : []));
	const told = problems.map(({ message, hint }) => `${message}\n→ ${hint}\n`.replaceAll(bad, "web/BAD"));
	await expect(told.join("")).toMatchFileSnapshot("golden/hook-of-many.golden");

	const begun = ran(first.events, "stop");
	const dirty = readState(world.home).instances.flatMap((each) => (each.dirty ? [`${each.group}/${each.index}`] : []));
	// Those whose turn it was as well were brought to its end.
	expect(dirty).toEqual([bad]);
	const done = begun.filter((instance) => !dirty.includes(instance));
	const untouched = ALL.filter((instance) => !begun.includes(instance));
	expect(done.length).toBeGreaterThan(0);
	expect(untouched.length).toBeGreaterThan(VMS / 2 - 1);
	const before = await states();
	for (const instance of [...done, ...untouched]) expect([instance, before[instance]]).toEqual([instance, "running"]);
	const updated = { preStart: 2, start: 2, stop: 1, postStart: 2 };
	for (const instance of done) expect([instance, happened(instance)]).toEqual([instance, updated]);
	for (const instance of untouched)
		expect([instance, happened(instance)]).toEqual([instance, { preStart: 1, start: 1, stop: 0, postStart: 1 }]);

	expect((await world.davit(["ssh", bad, "-c", "sudo touch /var/vcap/data/mended"])).code).toBe(0);
	const second = await world.told(DEPLOY, { longestMs: 10 * MINUTES });
	expect(second.code, second.stderr).toBe(0);
	expect(ran(second.events, "start")).toEqual([...dirty, ...untouched].sort());
	for (const instance of [...done, ...untouched]) expect([instance, happened(instance)]).toEqual([instance, updated]);
	expect(await states()).toEqual(Object.fromEntries(ALL.map((instance) => [instance, "running"])));
	expect(listingOf(world.home).vms).toEqual(vms);
	expect(listingOf(world.home)).toEqual(recordedListing(world.home));
	expect((await world.davit(DEPLOY)).stderr).toBe("tiny: nothing to do, all is as the manifest says\n");
});
