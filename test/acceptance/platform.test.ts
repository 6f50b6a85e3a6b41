import { join } from "node:path";
import process from "node:process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openWorld, type World } from "../support/acceptance.ts";
import { type Outcome, type Running, run } from "../support/acceptance-process.ts";
import { listingOf, recordedListing } from "../support/acceptance-state.ts";
import { npmEnvironment } from "../support/npm.ts";
import { users, usersByIds } from "../support/ordinary-user.ts";

/** The example platform as the package has it. */
const MANIFEST = join(import.meta.dirname, "../../manifests/min-4.yml");
const INSTANCES = ["database/0", "control/0", "router/0", "compute/0"];

/** PostgreSQL is the hardest guest where a VM has one id only. */
const hardest = [...users.slice(0, 1), ...(usersByIds[0] ? [usersByIds[0]] : users.slice(1))];

describe.each(hardest)("the example platform, as $name", (user) => {
	let world: World;
	let publishing: Running;
	let router: string;
	let env: Readonly<Record<string, string>>;

	const curl = (host: string, ...more: string[]): Promise<Outcome> =>
		run(world.command(["curl", "-sS", "--fail", "--max-time", "30", "-H", `Host: ${host}.min.test`, ...more]));
	/** What the pushed app answers, once the router knows of it. */
	const expectAnswer = (text: string) =>
		expect.poll(async () => (await curl("hello", router)).stdout, { timeout: 60_000, interval: 500 }).toBe(text);
	const vms = async (): Promise<readonly { instance: string; state: string; vm_cid: string; pid: number }[]> => {
		const { code, stdout, stderr } = await world.davit(["vms", "--json"]);
		expect(code, stderr).toBe(0);
		return stdout
			.trim()
			.split("\n")
			.flatMap((line) => JSON.parse(line).rows ?? []);
	};
	const publish = async () => {
		publishing = world.start(["proxy", "0:router/0:80"]);
		const listening = await publishing.until((event) => event.type === "note");
		router = `http://127.0.0.1:${/127\.0\.0\.1:(\d+)/.exec(JSON.stringify(listening))?.[1]}/`;
	};

	beforeAll(() => {
		world = openWorld(user);
		env = npmEnvironment(world);
	});
	afterAll(() => world.close());

	test("one command brings up four instances, and says how to use them", async () => {
		const { code, stdout, stderr } = await world.davit(["deploy", MANIFEST], { env });
		expect(code, stderr).toBe(0);
		expect(stdout).toBe("");
		expect(stderr).toContain("The platform runs. Publish its router on this machine");
		expect((await vms()).map(({ instance, state }) => [instance, state])).toEqual(
			expect.arrayContaining(INSTANCES.map((name) => [name, "running"])),
		);
		expect(listingOf(world.home)).toEqual(recordedListing(world.home));
	});

	test("its errand passes", async () => {
		const { code, stdout, stderr } = await world.davit(["run-errand", "smoke-tests"]);
		expect(code, stdout + stderr).toBe(0);
	});

	test("an app that is pushed with one curl answers through the router", async () => {
		await publish();
		world.write(
			"app/start.sh",
			'exec node -e \'require("http").createServer((_, r) => r.end("안녕\\n")).listen(process.env.PORT)\'\n',
		);
		expect(await run(world.command(["tar", "-C", "app", "-czf", "app.tgz", "start.sh"]))).toMatchObject({ code: 0 });
		const password = (await world.davit(["variables", "--show", "admin_password"])).stdout.trim();
		const api = `${router}apps/hello?command=sh+start.sh`;
		const pushed = await curl("api", "-u", `admin:${password}`, "--upload-file", "app.tgz", api);
		expect(pushed.code, pushed.stderr).toBe(0);
		await expectAnswer("안녕\n");
	});

	test("a second deploy has nothing to do, and compiles nothing", async () => {
		const { code, stderr } = await world.davit(["deploy", MANIFEST], { env });
		expect({ code, stderr }).toEqual({ code: 0, stderr: "min-4: nothing to do, all is as the manifest says\n" });
	});

	test("the database's plug is pulled: the next deploy brings it back with what it held", async () => {
		const before = (await vms()).find(({ instance }) => instance === "database/0");
		process.kill(Number(before?.pid), "SIGKILL");
		await expect
			.poll(async () => (await vms()).find(({ instance }) => instance === "database/0")?.state, { timeout: 30_000 })
			.toBe("stopped");
		const { code, stderr } = await world.davit(["deploy", MANIFEST], { env });
		expect(code, stderr).toBe(0);
		expect((await vms()).map(({ state }) => state)).toEqual(INSTANCES.map(() => "running"));
		const password = (await world.davit(["variables", "--show", "admin_password"])).stdout.trim();
		const apps = await curl("api", "-u", `admin:${password}`, `${router}apps`);
		expect(apps.stdout, apps.stderr).toContain("hello");
		await expectAnswer("안녕\n");
	});

	test("deleting it leaves nothing but the orphaned disk", async () => {
		publishing.signal("SIGINT");
		expect(await publishing.ended).toMatchObject({ code: 0 });
		const { code, stderr } = await world.davit(["delete-deployment", "-n"]);
		expect(code, stderr).toBe(0);
		const { stdout } = await world.davit(["disks", "--orphaned"]);
		expect(stdout).toMatch(/database\/0/);
		expect(listingOf(world.home)).toMatchObject({ vms: [], disks: [expect.any(String)] });
	});
});
