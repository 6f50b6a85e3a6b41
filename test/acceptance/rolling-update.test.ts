import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, type TestContext, test } from "vitest";
import type { DavitEvent } from "../../src/events.ts";
import { openWorld, type World } from "../support/acceptance.ts";
import { run } from "../support/acceptance-process.ts";
import { readState } from "../support/acceptance-state.ts";
import { type Inside, type LoadReport, startBalancer, startLoad } from "../support/load.ts";
import { npmEnvironment } from "../support/npm.ts";
import { onPath } from "../support/on-path.ts";
import { oneUser } from "../support/ordinary-user.ts";

const MANIFEST = join(import.meta.dirname, "../../manifests/min-7.yml");
const ROUTERS = ["10.77.0.12", "10.77.0.14"];

/** Answers with its cell's address, after ten seconds where asked for; at SIGTERM it finishes what is in flight. */
const APP = `const [{ address }] = require("os").networkInterfaces().eth0;
const server = require("http").createServer((request, response) => {
	request.resume();
	setTimeout(() => response.end("ok " + address + "\\n"), request.url === "/slow" ? 10_000 : 0);
});
server.listen(process.env.PORT);
process.on("SIGTERM", () => server.close(() => process.exit(0)));
`;

/** New certificates from the same CA: every job of every instance has another configuration. */
const RENEWED = ["database", "blobstore", "control", "router", "cell"]
	.map((name) => `- type: replace\n  path: /variables/name=${name}_tls/options/duration?\n  value: 400\n`)
	.join("");

describe.skipIf(!onPath("haproxy")).each(oneUser)("min-7 under load (needs haproxy), as $name", (user) => {
	let world: World;
	let balancer: Inside | undefined;
	let env: Readonly<Record<string, string>>;
	const succeed = async (args: readonly string[], more: Readonly<Record<string, string>> = {}) => {
		const { code, stdout, stderr } = await world.davit(args, { env: { ...env, ...more } });
		expect(code, stderr).toBe(0);
		return stdout;
	};
	/** Loads both apps while `work` goes on. */
	const underLoad = async ({ annotate }: TestContext, work: () => Promise<unknown>): Promise<LoadReport> => {
		const load = await startLoad(world, { hosts: ["one.min.test", "two.min.test"], perSecond: 220 });
		await work();
		const report = await load.stop();
		const { requests, connections, seconds, failures, slow } = report;
		await annotate(
			`${requests} requests in ${seconds.toFixed(0)} s on ${connections} connections, ${slow.length} of ten seconds: ${failures.length} failed`,
		);
		expect(requests / seconds).toBeGreaterThan(200);
		return report;
	};

	beforeAll(() => {
		world = openWorld(user);
		env = npmEnvironment(world);
		world.write("renewed.yml", RENEWED);
	});
	afterAll(async () => {
		await balancer?.stop("SIGTERM");
		await world.close();
	});

	test("it is deployed, with an app of one instance and one of two", async () => {
		await succeed(["deploy", MANIFEST]);
		world.write("app/app.js", APP);
		world.write("app/start.sh", "exec node app.js\n");
		expect(await run(world.command(["tar", "-C", "app", "-czf", "app.tgz", "start.sh", "app.js"]))).toMatchObject({
			code: 0,
		});
		const password = (await succeed(["variables", "--show", "admin_password"])).trim();
		const publishing = world.start(["proxy", "0:router/0:80"]);
		const listening = await publishing.until((event) => event.type === "note");
		const router = `http://127.0.0.1:${/127\.0\.0\.1:(\d+)/.exec(JSON.stringify(listening))?.[1]}`;
		const curl = (host: string, ...more: string[]) =>
			run(world.command(["curl", "-sS", "--fail", "--max-time", "30", "-H", `Host: ${host}.min.test`, ...more]));
		for (const [name, instances] of Object.entries({ one: 1, two: 2 })) {
			const path = `/apps/${name}?command=sh+start.sh&instances=${instances}`;
			const pushed = await curl("api", "-u", `admin:${password}`, "--upload-file", "app.tgz", `${router}${path}`);
			expect(pushed.code, pushed.stderr).toBe(0);
			await expect
				.poll(async () => (await curl(name, router)).stdout, { timeout: 60_000, interval: 500 })
				.toMatch(/^ok /);
		}
		publishing.signal("SIGINT");
		await publishing.ended;
		balancer = await startBalancer(world, ROUTERS);
	});
	/** Address by instance, of those that run apps. */
	const cells = () =>
		readState(world.home).instances.flatMap(({ group, index, ips }) =>
			group === "compute" ? [[`compute/${index}`, Object.values(ips)[0] ?? ""] as const] : [],
		);

	test("every instance restarts with new certificates, one at a time: no request fails", async (context) => {
		const log = join(world.folder, "log");
		const { failures, slow } = await underLoad(context, () =>
			succeed(["deploy", MANIFEST, "-o", "renewed.yml"], { DAVIT_LOG: log }),
		);
		expect(failures).toEqual([]);
		const stops = stopsIn(log);
		expect(stops.map(({ instance }) => instance)).toEqual([
			"database/0",
			"blobstore/0",
			"control/0",
			"router/0",
			"router/1",
			"compute/0",
			"compute/1",
		]);
		const across = (at: number) => slow.filter(({ from, to }) => from < at && to > at);
		for (const { instance, at } of stops) expect(across(at), `ten seconds across ${instance}'s drain`).not.toEqual([]);
		for (const [instance, ip] of cells())
			expect(
				across(stops.find((stop) => stop.instance === instance)?.at ?? 0).map(({ by }) => by),
				`ten seconds on ${instance} as it drains`,
			).toContain(ip);
	});

	test("control and database are away for longer than a cell may be silent, a router and a cell get new VMs: no request fails", async (context) => {
		const { failures } = await underLoad(context, async () => {
			await succeed(["stop", "control", "-n"]);
			await succeed(["stop", "database", "-n"]);
			// How long they are away, with the control's ten seconds of patience among it, is what is tested.
			await new Promise((resolve) => setTimeout(resolve, 12_000));
			await succeed(["start", "database"]);
			await succeed(["start", "control"]);
			await succeed(["recreate", "router/1"]);
			await succeed(["recreate", "compute/1"]);
		});
		expect(failures).toEqual([]);
	});

	test("without the drain of a router and of a cell requests do fail", async (context) => {
		const { failures } = await underLoad(context, async () => {
			await succeed(["restart", "router/0", "--skip-drain"]);
			await succeed(["restart", "compute/0", "--skip-drain"]);
		});
		expect(failures).not.toEqual([]);
	});
});

/** When instances began to stop, by a command's log; in ms since 1970. */
function stopsIn(file: string): readonly { readonly instance: string; readonly at: number }[] {
	return readFileSync(file, "utf8")
		.trim()
		.split("\n")
		.map((line) => JSON.parse(line) as DavitEvent & { readonly time: string })
		.flatMap((event) =>
			event.type === "step-started" && event.kind === "stop"
				? [{ instance: event.instance ?? "", at: Date.parse(event.time) }]
				: [],
		);
}
