import { afterEach, expect, test, vi } from "vitest";
// Commands are loaded when they are used, and simulated time passes meanwhile.
import "../../../src/cli/commands/deploy.ts";
import "../../../src/cli/commands/vms.ts";
import type { DavitEvent } from "../../../src/events.ts";
import { FIRST, type Wanted } from "../../crash/platform.ts";
import { check, putData } from "../../simulation/checks.ts";
import { type Fault, Faults } from "../../simulation/faults.ts";
import { type Ended, SimulatedWorld } from "../../simulation/world.ts";

const DATA = "data of the database";
const SWAPPED: Wanted = { ...FIRST, stemcell: 2, swaps: true };
const DEPLOY = ["deploy", ["tiny.yml"], { nonInteractive: true, cloud: ["cloud.yml"] }] as const;
let world: SimulatedWorld;
vi.setConfig({ testTimeout: 180_000 });
afterEach(() => world.close());

/** From now on something goes wrong where it is said to: by what calls, such as `createVm tiny-db-0-…`, and in which kind of step. */
function goWrong(wrong: (who: string, where: string) => Fault | undefined): void {
	const faults = new Faults(world.chance, 0, 0);
	faults.choose = (kinds, where, who) => {
		const of: readonly Fault[] = kinds;
		const fault = of.includes("refused") || of.includes("kill-before-write") ? wrong(who, where) : undefined;
		return kinds.find((kind) => kind === fault);
	};
	world.faults = faults;
}

async function running(): Promise<void> {
	world = new SimulatedWorld({ seed: 1 });
	world.want(FIRST);
	expect(await world.davit(...DEPLOY)).toMatchObject({ code: 0 });
	putData(world, DATA);
	world.want(SWAPPED);
}

const vmOf = (instance: string) => [...world.cloud.vms.values()].filter(({ request }) => request.name === instance);
const runsOn = (instance: string) =>
	vmOf(instance).flatMap(({ cid, machine }) => {
		return [...machine.processes.values()].some(({ startedAt }) => startedAt !== undefined) ? [cid] : [];
	});
const begun = ({ events }: Ended, kind: string) =>
	events.flatMap((event: DavitEvent) => (event.type === "step-started" && event.kind === kind ? [event.instance] : []));

test("the second VM can't be made: its instance's runs on, and the next deploy makes one VM and goes on", async () => {
	await running();
	const [[db], [web]] = [runsOn("db/0"), runsOn("web/0")];
	let made = 0;
	goWrong((who) => {
		if (!who.startsWith("createVm")) return undefined;
		made += 1;
		return made === 2 ? "refused" : undefined;
	});
	const failed = await world.davit(...DEPLOY);
	expect([failed.code, failed.text]).toMatchObject([1, expect.stringContaining("there is no room")]);
	expect(runsOn("db/0")).not.toContain(db);
	expect(runsOn("web/0")).toEqual([web]);
	expect(begun(failed, "stop")).toEqual(["db/0"]);
	expect(world.cloud.vms.size).toBe(2);
	world.faults.end();
	const again = await world.davit(...DEPLOY);
	expect([again.code, begun(again, "create-vm"), begun(again, "delete-vm")]).toEqual([0, ["web/0"], ["web/0"]]);
	await check(world, SWAPPED, DATA);
});

test("a VM that can't be prepared leaves the old one running, davit vms shows both, and the next deploy goes on with it", async () => {
	await running();
	const [db] = runsOn("db/0");
	goWrong((_, where) => (where === "bootstrap-vm" ? "kill-before-write" : undefined));
	expect(await world.davit(...DEPLOY)).toMatchObject({ code: "killed" });
	world.faults.end();
	goWrong(() => undefined);
	expect(runsOn("db/0")).toEqual([db]);
	const [next] = vmOf("db/0").filter(({ cid }) => cid !== db);
	const listed = await world.davit("vms", [], { deployment: "tiny" });
	const rows = listed.events.flatMap((event: DavitEvent) => (event.type === "table" ? event.rows : []));
	expect(rows.map(({ instance, state, vm_cid: cid }) => [instance, state, cid])).toEqual([
		["db/0", "running", db],
		["web/0", "running", runsOn("web/0")[0]],
		["db/0", "next", next?.cid],
	]);
	const again = await world.davit(...DEPLOY);
	expect([again.code, begun(again, "create-vm"), begun(again, "delete-orphan-vm")]).toEqual([0, ["web/0"], []]);
	await check(world, SWAPPED, DATA);
});

test("what knows it by name is told once it is swapped, before the old VM goes", async () => {
	await running();
	const done = await world.davit(...DEPLOY);
	expect(begun(done, "publish-names")).toEqual(["db/0", "db/0", "web/0", "web/0"]);
	await check(world, SWAPPED, DATA);
});
