import { join } from "node:path";
import type { DavitEvent } from "../../src/events.ts";
import { openSqliteStore } from "../../src/state/sqlite.ts";
import type { Recorded, StateStore } from "../../src/state/state.ts";
import type { Wanted } from "../crash/platform.ts";
import type { SimulatedMachine } from "./machine.ts";
import type { SimulatedWorld } from "./world.ts";

const NOTHING = "tiny: nothing to do, all is as the manifest says";
const DEPLOYMENT = "tiny";
/** How davit begins to tell of disks that it finds in no record. */
export const STRAY = "At the cloud, and in no record";

/** What must hold once a change has come to its end, whatever went wrong on the way. Throws with what does not. */
export async function check(world: SimulatedWorld, now: Wanted | undefined, data: string): Promise<void> {
	const { cloud } = world;
	equal("what must never happen", cloud.violations, []);
	if (now) {
		const again = await world.davit("deploy", ["tiny.yml"], { nonInteractive: true });
		const said = again.text.split("\n").filter((line) => !line.startsWith(STRAY));
		if (!world.slept) equal("disks in no record, though nobody slept", again.text.includes(STRAY), false);
		equal("the next deploy", [again.code, said[0]], [0, NOTHING]);
	}
	const { instances, disks, openIntents } = await readState(world);
	equal("effects left open in the journal", openIntents.length, 0);
	for (const { machine } of cloud.vms.values())
		equal("what peers left behind", [[...machine.archives], machine.peerKey], [[], undefined]);
	const recorded = instances.flatMap(({ vm }) => (vm ? [vm.cid] : [])).sort();
	equal("VMs at the cloud are those recorded", [...cloud.vms.keys()].sort(), recorded);
	equal("disks at the cloud are those recorded", [...cloud.disks.keys()].sort(), disks.map(({ cid }) => cid).sort());
	if (!now) {
		equal("VMs after a delete", recorded, []);
		equal("disks that are nobody's", disks.filter(({ orphanedAt }) => orphanedAt === undefined).length, 0);
		world.webDisks.clear();
		return;
	}
	equal("instances", instances.filter(({ lifecycle }) => lifecycle === "service").length, 1 + now.web);
	equal("compilation VMs that are left", instances.filter(({ lifecycle }) => lifecycle === "compilation").length, 0);
	const unfinished = instances.filter(({ dirty, wanted }) => dirty && wanted !== "detached");
	equal(
		"instances whose update did not finish",
		unfinished.map(({ group }) => group),
		[],
	);
	for (const { request, machine } of cloud.vms.values()) checkOrder(request.name, machine);
	const named = checkWebDisks(world, now);
	if (now.dbDetached) return;
	const db = [...cloud.vms.values()].find(({ request }) => request.name === "db/0");
	equal("the disk that the database has mounted", db?.machine.mounted?.sizeMib, now.diskMib);
	equal("the data on it", db?.machine.mounted?.data?.text, data);
	const disk = db?.machine.mounted;
	equal("the type of it", disk?.cloudProperties, { type: now.diskType });
	const inUse = disks.filter(({ orphanedAt }) => orphanedAt === undefined).map(({ cid }) => cid);
	equal("disks in use", inUse.sort(), [disk?.cid, ...named].sort());
	equal("the size of its file system", db?.machine.mounted?.data?.sizeMib, now.diskMib);
}

/** Each web server finds its own disks by their names, those that it had before and what was on them. The answer is their cids. */
function checkWebDisks(
	{ cloud, webDisks }: SimulatedWorld,
	{ webDisks: names, webDiskMib }: Wanted,
): readonly string[] {
	const found = [...cloud.vms.values()].flatMap(({ cid, request, machine }) => {
		if (!request.name.startsWith("web/")) return [];
		equal(`the disks that ${request.name} finds`, [...machine.named.keys()].sort(), [...names].sort());
		return [...machine.named].map(([name, disk]) => ({
			vm: cid,
			which: `${request.name} (${request.metadata.id}) ${name}`,
			disk,
		}));
	});
	for (const { vm, which, disk } of found) {
		const had = webDisks.get(which);
		equal(`${which}: the VM that has it`, disk.attachedTo, vm);
		equal(`${which}: its size`, disk.data?.sizeMib, webDiskMib);
		equal(`${which}: the disk, and what is on it`, [disk.cid, disk.data?.text], [had ?? disk.cid, had ?? ""]);
		if (disk.data) disk.data.text = disk.cid;
	}
	webDisks.clear();
	for (const { which, disk } of found) webDisks.set(which, disk.cid);
	return found.map(({ disk }) => disk.cid);
}

/** Writes on the database's disk. */
export function putData(world: SimulatedWorld, data: string): void {
	const disk = [...world.cloud.vms.values()].find(({ request }) => request.name === "db/0")?.machine.mounted?.data;
	if (!disk) throw new Error("the database has no disk");
	disk.text = data;
}

/** VMs that are recorded beside instances' own: the next run may delete them. */
export async function spareCids(world: SimulatedWorld): Promise<ReadonlySet<string>> {
	const { instances } = await readState(world);
	return new Set(instances.flatMap(({ nextVm, formerVm }) => [nextVm, formerVm].flatMap((vm) => vm?.cid ?? [])));
}

const readState = (world: SimulatedWorld): Promise<Recorded> => withStore(world, (store) => store.read(DEPLOYMENT));

/** True while somebody has the deployment's lease. */
export const isHeld = (world: SimulatedWorld): Promise<boolean> =>
	withStore(world, async (store) => (await store.holder(DEPLOYMENT)) !== undefined);

async function withStore<T>(
	{ folder, time, chance }: SimulatedWorld,
	work: (store: StateStore) => Promise<T>,
): Promise<T> {
	const file = join(folder, "home/state.db");
	const store = await openSqliteStore({ file, clock: time.clock(), random: chance.random() });
	try {
		return await work(store);
	} finally {
		await store.close();
	}
}

/** Kinds of steps that an instance has in its turn alone. */
const IN_TURN: ReadonlySet<string> = new Set(["stop", "install-jobs", "pre-start", "start", "post-start"]);

/** The web server whose turn comes first is the canary: until its post-start has ended no other has begun. Those that go have no turn. */
export function checkCanary(events: readonly DavitEvent[]): void {
	let canary: string | undefined;
	const leaving = events.flatMap((event) => (event.type === "plan" ? event.changes : []));
	for (const event of events) {
		if (event.type === "step-finished" && event.id === `post-start ${canary}`) return;
		if (event.type !== "step-started" || !event.instance?.startsWith("web/") || !IN_TURN.has(event.kind)) continue;
		if (leaving.some((change) => change.startsWith(`delete ${event.instance} `))) continue;
		canary ??= event.instance;
		if (event.instance !== canary) throw new Error(`${event.id} began while ${canary} was the canary`);
	}
}

/** From the last pre-start on: hooks in BOSH's order, whole rounds of them. One whose answer was lost may have run twice, and a stop that was cut short begins anew. */
const IN_ORDER = /^(pre-start )+(post-start )+(post-deploy )+((pre-stop )+(drain )*(post-stop )*)*$/;

function checkOrder(name: string, { order }: SimulatedMachine): void {
	const own = order.flatMap((line) => (line.startsWith("app ") ? [line.slice(4)] : []));
	const hooks = own.slice(own.lastIndexOf("pre-start")).filter((line) => line !== "start" && line !== "stop");
	if (hooks.length > 0 && !IN_ORDER.test(`${hooks.join(" ")} `)) throw new Error(`${name}: hooks ran as ${own.join()}`);
}

function equal(what: string, found: unknown, expected: unknown): void {
	const [a, b] = [JSON.stringify(found), JSON.stringify(expected)];
	if (a !== b) throw new Error(`${what}: ${a}, and it should be ${b}`);
}
