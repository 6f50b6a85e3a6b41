import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openWorld, type World } from "../support/acceptance.ts";
import { startedKinds } from "../support/acceptance-golden.ts";
import { listingOf, recordedListing } from "../support/acceptance-state.ts";
import { runErrand } from "../support/errands.ts";
import { users } from "../support/ordinary-user.ts";
import { tinyGroup, tinyManifest, writeTinyRelease } from "../support/tiny-release.ts";

const user = users.at(-1) as (typeof users)[number];
let world: World;

beforeAll(async () => {
	world = openWorld(user);
	writeTinyRelease(world, "release", {
		jobs: {
			app: { properties: { port: {} }, templates: { "config/port": "<%= p('port') %>" } },
			smoke: {
				process: false,
				properties: { exit: { default: 0 }, seconds: { default: 0 } },
				hooks: { run: "sleep <%= p('seconds') %>; echo smoke on $(hostname); exit <%= p('exit') %>" },
			},
		},
	});
	await deploy({});
});

/** Of the services: web's app and db's app, and how the errand beside them goes; of the errand's own group: the same. */
async function deploy({ web = 1, db = 1, beside = {}, alone = {} }: Record<string, number | object>): Promise<void> {
	const smoke = (properties: number | object) => ({ name: "smoke", release: "tiny", properties });
	const jobs = (port: number | object) => [{ name: "app", release: "tiny", properties: { port } }, smoke(beside)];
	const groups = [
		tinyGroup("web", jobs(web), { instances: 2 }),
		tinyGroup("db", jobs(db)),
		tinyGroup("checks", [smoke(alone)], { lifecycle: "errand" }),
	];
	world.write("tiny.yml", tinyManifest(groups));
	const { code, stderr } = await world.davit(["deploy", "tiny.yml"]);
	expect(code, stderr).toBe(0);
}
afterAll(() => world.close());

const run = (args: readonly string[]) => runErrand(world, args);

describe("--when-changed", () => {
	/** Where it ran, and what that came to; nothing ran where it was skipped. */
	async function whenChanged(...args: readonly string[]) {
		const { code, events } = await world.told(["run-errand", ...args, "--when-changed"]);
		const rows = events.flatMap((event) => (event.type === "table" ? event.rows : []));
		const skipped = rows.filter(({ result }) => String(result).startsWith("skipped"));
		expect([0, rows.length]).toContain(skipped.length);
		if (skipped.length > 0) expect({ code, kinds: startedKinds(events) }).toEqual({ code: 0, kinds: [] });
		else expect(startedKinds(events)).toContain("errand");
		return { code, ran: skipped.length === 0, on: rows.map(({ instance }) => instance).sort() };
	}

	test("runs an errand beside services where it has not gone well as they are now, and says where it is skipped", async () => {
		const all = { on: ["db/0", "web/0", "web/1"] };
		await run(["smoke", "--instance", "db"]);
		expect(await whenChanged("smoke")).toEqual({ code: 0, ran: true, ...all });
		expect(await whenChanged("smoke")).toEqual({ code: 0, ran: false, ...all });
		const { stdout } = await world.davit(["run-errand", "smoke", "--when-changed"]);
		expect(stdout.split("\n")[1]).toMatch(/^db\/0 +smoke +skipped: it went well, and nothing has changed since$/);
		await deploy({ web: 2 });
		expect(await whenChanged("smoke")).toEqual({ code: 0, ran: true, ...all });
	});

	test("what is deployed elsewhere makes no difference to it; a new VM of the same instance neither", async () => {
		const web = ["smoke", "--instance", "web"];
		await run(web);
		await deploy({ web: 2, db: 2 });
		expect((await world.davit(["recreate", "web/1", "-n"])).code).toBe(0);
		expect(await whenChanged(...web)).toMatchObject({ ran: false, on: ["web/0", "web/1"] });
		expect(await whenChanged("smoke")).toMatchObject({ ran: true });
	});

	test("a run that failed, or was cut short, is no success", async () => {
		await deploy({ beside: { exit: 7 } });
		expect(await whenChanged("smoke")).toMatchObject({ code: 1, ran: true });
		expect(await whenChanged("smoke")).toMatchObject({ code: 1, ran: true });
		await deploy({ beside: { seconds: 2 } });
		expect(await whenChanged("smoke")).toMatchObject({ code: 0, ran: true });
		const cut = world.start(["run-errand", "smoke"]);
		await cut.until((event) => event.type === "step-started" && event.kind === "errand");
		cut.signal("SIGKILL");
		await cut.ended;
		expect(await whenChanged("smoke")).toMatchObject({ code: 0, ran: true });
		expect(await whenChanged("smoke")).toMatchObject({ code: 0, ran: false });
	});

	test("an errand of its own group gets no VM where it is skipped; one that is kept alive counts the same", async () => {
		await run(["checks"]);
		const before = listingOf(world.home).vms;
		expect(await whenChanged("checks")).toEqual({ code: 0, ran: false, on: ["checks/0"] });
		expect(listingOf(world.home).vms).toEqual(before);
		await run(["checks", "--keep-alive"]);
		expect(await whenChanged("checks")).toMatchObject({ ran: false });
		await deploy({ beside: { seconds: 2 }, alone: { seconds: 1 } });
		expect(await whenChanged("checks")).toMatchObject({ code: 0, ran: true });
		expect(await whenChanged("checks")).toMatchObject({ ran: false });
		expect(listingOf(world.home)).toEqual(recordedListing(world.home));
	});
});
