import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Running, run } from "../support/acceptance-process.ts";
import { BOOT_ID, type LibvirtPlatform, openLibvirtPlatform, platformMissing } from "../support/libvirt-platform.ts";

const INSTANCES = ["database/0", "control/0", "router/0", "compute/0"];
/** Four guests on two processors without KVM. */
const longestMs = 7_000_000;

describe.skipIf(platformMissing !== undefined)(
	`the example platform on guests of libvirt, behind a jump host${platformMissing ? ` (${platformMissing})` : ""}`,
	() => {
		let platform: LibvirtPlatform;
		let publishing: Running;
		let router: string;

		beforeAll(async () => {
			platform = await openLibvirtPlatform();
		});
		afterAll(async () => {
			publishing?.signal("SIGINT");
			await platform?.close();
		});

		const curl = (host: string, ...more: readonly string[]) =>
			run(
				platform.world.command(["curl", "-sS", "--fail", "--max-time", "60", "-H", `Host: ${host}.min.test`, ...more]),
			);
		const adminPassword = async () =>
			(await platform.world.davit(["variables", "--show", "admin_password"])).stdout.trim();
		/** What the pushed app answers in the end, through the router and this machine's side of the jump host. */
		const expectAnswer = () =>
			expect
				.poll(async () => (await curl("hello", router)).stdout, { timeout: 600_000, interval: 5000 })
				.toBe("hello\n");

		test("four guests boot, and the platform is installed on them", async () => {
			await platform.deploy();
			expect((await platform.vms()).map(({ instance, state }) => `${instance} ${state}`)).toEqual(
				INSTANCES.map((name) => `${name} running`),
			);
		});

		test("an app that is pushed answers", async () => {
			const { world } = platform;
			publishing = world.start(["proxy", "0:router/0:80"], { longestMs });
			const listening = await publishing.until((event) => event.type === "note");
			router = `http://127.0.0.1:${/127\.0\.0\.1:(\d+)/.exec(JSON.stringify(listening))?.[1]}/`;
			const server = `require("http").createServer((_, r) => r.end("hello\\n")).listen(process.env.PORT)`;
			world.write("app/start.sh", `exec node -e '${server}'\n`);
			expect(await run(world.command(["tar", "-C", "app", "-czf", "app.tgz", "start.sh"]))).toMatchObject({ code: 0 });
			const api = `${router}apps/hello?command=sh+start.sh`;
			const pushed = await curl("api", "-u", `admin:${await adminPassword()}`, "--upload-file", "app.tgz", api);
			expect(pushed.code, pushed.stderr).toBe(0);
			await expectAnswer();
		});

		test("a guest that loses its power comes back by itself, without davit: disk, names, supervisor and jobs", async () => {
			const before = await platform.onDatabase(BOOT_ID);
			await platform.libvirt.virsh("reset", await platform.cidOf("database/0"));
			await platform.untilBootedAgain(before);
			await expectAnswer();
			expect(await platform.deploy()).toBe("min-4: nothing to do, all is as the manifest says\n");
		});

		test("a database whose VM is gone gets another one with its data", async () => {
			const cid = await platform.cidOf("database/0");
			await platform.libvirt.virsh(`destroy ${cid}; undefine ${cid} --nvram`);
			await platform.deploy();
			expect(await platform.cidOf("database/0")).not.toBe(cid);
			const apps = await curl("api", "-u", `admin:${await adminPassword()}`, `${router}apps`);
			expect(apps.stdout, apps.stderr).toContain("hello");
			await expectAnswer();
		});

		test("deleting it leaves nothing at the host but the orphaned disk and the stemcell", async () => {
			publishing.signal("SIGINT");
			await publishing.ended;
			await platform.deleteAll();
		});
	},
);
