import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { World } from "../support/acceptance.ts";
import { listingOf, readState, recordedListing, vmRoot } from "../support/acceptance-state.ts";
import type { Wanted } from "./platform.ts";

const NOTHING = "tiny: nothing to do, all is as the manifest says\n";

/** What must hold after a case has come to its end, however often it was killed on the way. Throws with what does not. */
export async function check(world: World, now: Wanted | undefined, data: string): Promise<void> {
	const { openIntents, disks } = readState(world.home);
	equal("the provider's VMs and disks are those recorded", listingOf(world.home), recordedListing(world.home));
	equal("nothing is left open in the journal", openIntents, 0);
	if (!now) {
		equal("VMs after a delete", listingOf(world.home).vms, []);
		equal("disks that are not orphaned", disks.filter(({ orphanedAt }) => orphanedAt === undefined).length, 0);
		return;
	}
	const vms = 1 + now.web - (now.dbDetached ? 1 : 0);
	equal("VMs", listingOf(world.home).vms.length, vms);
	const inUse = disks.filter(({ orphanedAt }) => orphanedAt === undefined);
	equal("disks in use", inUse.length, 1 + now.web * now.webDisks.length);
	const again = await world.davit(["deploy", "-n", "tiny.yml"]);
	const did = again.stderr.startsWith(NOTHING) ? NOTHING : again.stdout + again.stderr;
	equal("the next deploy", [again.code, did], [0, NOTHING]);
	for (const { group, index, lifecycle, wanted } of readState(world.home).instances)
		if (lifecycle === "service" && wanted === "started") checkOrder(world, `${group}/${index}`);
	if (!now.dbDetached) equal("the data on the disk", await onDisk(world), data);
}

/** Puts data on the database's disk, if it has none yet. */
export async function putData(world: World, data: string): Promise<void> {
	const line = `sudo sh -c '[ -e /var/vcap/store/data ] || printf %s ${data} >/var/vcap/store/data'`;
	const { code, stderr } = await world.davit(["ssh", "db/0", "-c", line]);
	equal(`data is put on the disk: ${stderr}`, code, 0);
}

async function onDisk(world: World): Promise<string> {
	return (await world.davit(["ssh", "db/0", "-c", "sudo cat /var/vcap/store/data"])).stdout.trimEnd();
}

/** From the last pre-start on the hooks ran once each, in BOSH's order; a process that was only started again has no hooks behind it. */
function checkOrder(world: World, instance: string): void {
	const file = join(vmRoot(world.home, instance), "var/vcap/data/sys/log/order");
	if (!existsSync(file)) throw new Error(`${instance}: no hook has run`);
	const lines = readFileSync(file, "utf8").trimEnd().split("\n");
	const since = lines.slice(lines.lastIndexOf("app pre-start")).map((line) => line.replace("app ", ""));
	const hooks = since.filter((line) => line !== "start" && line !== "stop");
	equal(`${instance}: hooks (${lines.join()})`, hooks.slice(0, 2), ["pre-start", "post-start"]);
	equal(`${instance}: the end of its hooks (${lines.join()})`, hooks.at(-1), "post-deploy");
}

function equal(what: string, found: unknown, expected: unknown): void {
	const [a, b] = [JSON.stringify(found), JSON.stringify(expected)];
	if (a !== b) throw new Error(`${what}: ${a}, and it should be ${b}`);
}
