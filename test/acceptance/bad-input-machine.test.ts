import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type World, withWorld } from "../support/acceptance.ts";
import { startedKinds } from "../support/acceptance-golden.ts";
import { run } from "../support/acceptance-process.ts";
import { firstProcess, listingOf, recordedListing, vmRoot } from "../support/acceptance-state.ts";
import { expectFailure } from "../support/bad-input.ts";
import { sshServerOf } from "../support/embedded-ssh.ts";
import { oneUser } from "../support/ordinary-user.ts";
import {
	note,
	type TinyJob,
	type TinyPackages,
	tinyGroup,
	tinyManifest,
	writeTinyRelease,
} from "../support/tiny-release.ts";

/** Of all that a deploy says, why it failed. */
const failure = (text: string) => text.slice(text.search(/^error: /m));

/** The mended input goes through, and then there is nothing to do. */
async function expectMended(world: World): Promise<readonly string[]> {
	const { code, events, stderr, stdout } = await world.told(["deploy", "tiny.yml"]);
	expect(code, stderr || stdout).toBe(0);
	expect(await world.davit(["deploy", "tiny.yml"])).toEqual({
		code: 0,
		stdout: "",
		stderr: "tiny: nothing to do, all is as the manifest says\n",
	});
	expect(listingOf(world.home)).toEqual(recordedListing(world.home));
	return startedKinds(events);
}

function writeInputs(world: World, job: TinyJob, packages: TinyPackages = {}, properties: object = {}): void {
	writeTinyRelease(world, "release", { jobs: { app: job }, packages });
	const group = tinyGroup("web", [{ name: "app", release: "tiny", properties }]);
	world.write("tiny.yml", tinyManifest([group], { update: { ...watch, canaries: 1, max_in_flight: 1 } }));
}

const watch = { canary_watch_time: "2000-6000", update_watch_time: "2000-6000" };

describe.each(oneUser)("what fails on a VM, as $name", (user) => {
	test("a packaging script that fails", () =>
		withWorld(user, async (world) => {
			const job = { packages: ["sound", "words"] };
			const broken = 'for i in $(seq 5000); do echo "step $i"; done; echo "cannot reach proxy" >&2; exit 7';
			const sound = 'echo sound >"$BOSH_INSTALL_TARGET/sound"';
			writeInputs(world, job, { sound, words: broken });
			await expectFailure(world, ["deploy", "tiny.yml"], "a packaging script that fails", { same: failure });
			const log = readFileSync(join(world.home, "logs/tiny/compile-tiny-words.log"), "utf8").split("\n");
			expect(log.filter((line) => line.startsWith("step "))).toHaveLength(5000);
			writeInputs(world, job, { sound, words: `${sound}; echo mended` });
			expect((await expectMended(world)).filter((kind) => kind === "compile-package")).toHaveLength(1);
		}));

	test("a port of this machine that is taken", () =>
		withWorld(user, async (world) => {
			writeInputs(world, {});
			await expectMended(world);
			const server = createServer().listen(0, "127.0.0.1");
			await new Promise((resolve) => server.once("listening", resolve));
			const address = server.address();
			const port = typeof address === "object" ? address?.port : undefined;
			const same = (text: string) => text.replaceAll(String(port), "PORT");
			await expectFailure(world, ["proxy", `${port}:web/0:22`], "a port of this machine that is taken", { same });
			server.close();
			await expectMended(world);
		}));

	test("a port that is taken on the VM", () =>
		withWorld(user, async (world) => {
			const ctl = `#!/bin/bash
case $1 in
  start) exec /opt/davit/node -e '
    require("fs").writeFileSync("/var/vcap/sys/run/app/app.pid", String(process.pid));
    require("net").createServer().listen(<%= p("port") %>, "0.0.0.0", () => console.log("listening"));
  ' >>/var/vcap/sys/log/app/app.stdout.log 2>>/var/vcap/sys/log/app/app.stderr.log ;;
  stop) kill -KILL "$(cat /var/vcap/sys/run/app/app.pid)" ;;
esac
`;
			const job: TinyJob = {
				properties: { port: {} },
				templates: { "bin/ctl": ctl.replace("exec /opt", "/opt").replace(".log ;;", ".log & ;;") },
				hooks: {
					"pre-start": `if [ -e /var/vcap/data/taken ]; then exit 0; fi
setsid /opt/davit/node -e 'require("net").createServer().listen(8080, "0.0.0.0", () => require("fs").writeFileSync("/var/vcap/data/taken", ""))' </dev/null >/dev/null 2>&1 &
until [ -e /var/vcap/data/taken ]; do sleep 0.1; done`,
				},
			};
			writeInputs(world, job, {}, { port: 8080 });
			const same = (text: string) =>
				failure(text)
					.replace(/process app .*?,/, "process app STATE,")
					.replace(/^its VM: load [\d.]+, memory \d+%, swap \d+%; disks: .*$/m, "its VM: VITALS")
					.replace(/^ +at .*\n/gm, "");
			await expectFailure(world, ["deploy", "tiny.yml"], "a port that is taken on the VM", { same });
			writeInputs(world, job, {}, { port: 8081 });
			await expectMended(world);
		}));

	test("a full disk of the VM", () =>
		withWorld(user, async (world) => {
			writeInputs(world, { packages: ["words"] }, { words: 'echo one >"$BOSH_INSTALL_TARGET/words"' });
			await expectMended(world);
			const vm = String(listingOf(world.home).vms[0]);
			const inVm = async (...argv: string[]) => {
				const entering = ["nsenter", "-t", String(firstProcess(world.home, vm)), "--user", "--mount", "--", ...argv];
				const { code, stderr } = await run({ argv: [...user.argv, ...entering], env: process.env, cwd: "/" });
				expect(code, stderr).toBe(0);
			};
			await inVm("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", "/var/vcap/data/packages");
			writeInputs(
				world,
				{ packages: ["words"] },
				{ words: 'head -c 1000000 /dev/urandom >"$BOSH_INSTALL_TARGET/words"' },
			);
			await expectFailure(world, ["deploy", "tiny.yml"], "a full disk of the VM", { same: failure });
			await inVm("umount", "/var/vcap/data/packages");
			await expectMended(world);
		}));

	test("an SSH connection that is killed while a hook runs: it is dialled again, and the hook runs once", () =>
		withWorld(user, async (world) => {
			const wait = `${note("pre-start")}\n: >/var/vcap/data/runs\nuntil [ -e /var/vcap/data/go ]; do sleep 0.1; done`;
			writeInputs(world, { hooks: { "pre-start": wait } });
			const deploy = world.start(["deploy", "tiny.yml"]);
			await deploy.until((event) => event.type === "step-started" && event.kind === "pre-start");
			const root = vmRoot(world.home, "web/0");
			await expect.poll(() => existsSync(join(root, "var/vcap/data/runs")), { timeout: 60_000 }).toBe(true);
			const pid = sshServerOf(world.home, "web/0");
			process.kill(pid, "SIGKILL");
			await expect.poll(() => existsSync(`/proc/${pid}`), { timeout: 60_000 }).toBe(false);
			writeFileSync(join(root, "var/vcap/data/go"), "");
			const { code, stderr, stdout } = await deploy.ended;
			expect(code, stderr || stdout).toBe(0);
			const order = readFileSync(join(root, "var/vcap/data/sys/log/order"), "utf8");
			expect(order.match(/pre-start/g)).toHaveLength(1);
			await expectMended(world);
		}));

	test("an SSH connection that is killed and a VM that is gone with it", () =>
		withWorld(user, async (world) => {
			const wait = ": >/var/vcap/data/runs\nuntil [ -e /var/vcap/data/go ]; do sleep 0.1; done";
			writeInputs(world, { hooks: { "pre-start": wait } });
			const vm = () => String(listingOf(world.home).vms[0]);
			const same = (text: string) => failure(text).replace(/10\.77\.0\.\d+/g, "ADDRESS");
			const failing = expectFailure(world, ["deploy", "tiny.yml"], "an SSH connection that is killed", { same });
			await expect
				.poll(
					() =>
						listingOf(world.home).vms.length > 0 &&
						existsSync(join(world.home, "local/vms", vm(), "root/var/vcap/data/runs")),
					{ timeout: 90_000 },
				)
				.toBe(true);
			process.kill(firstProcess(world.home, vm()), "SIGKILL");
			await failing;
			writeInputs(world, {});
			await expectMended(world);
		}));
});
