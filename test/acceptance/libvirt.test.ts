import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openWorld, type World } from "../support/acceptance.ts";
import { type Running, run } from "../support/acceptance-process.ts";
import { type Libvirtd, libvirtdMissing, startLibvirtd } from "../support/libvirtd.ts";
import { type OperatorSide, openOperatorSide } from "../support/operator-side.ts";
import { preparedImage, whyNoImage } from "../support/stemcell-image.ts";

const manifests = join(import.meta.dirname, "../../manifests");
const MANIFEST = join(manifests, "min-4.yml");
const INSTANCES = ["database/0", "control/0", "router/0", "compute/0"];
/** Four guests on two processors without KVM: a boot takes minutes. */
const longestMs = 1_500_000;
const env = { npm_config_cache: join(tmpdir(), "davit-acceptance-npm-guests") };
const missing = libvirtdMissing() ?? whyNoImage;

/** The example's cloud file for this host, whose network only the jump host sees. */
function cloudFile({ uri }: Libvirtd, { jump, address }: OperatorSide): string {
	return `${readFileSync(join(manifests, "cloud/libvirt.yml"), "utf8").replace("uri: qemu:///system", `uri: ${uri}\n    virtualization: qemu`)}
ssh:
  dialer:
    jump:
    - host: ${address}
      port: ${jump.port}
      user: ops
      host_keys: [${jump.hostKey.publicKey}]
      private_key: ${JSON.stringify(jump.login.privateKey)}
`;
}

describe.skipIf(missing !== undefined)(
	`the example platform on guests of libvirt, behind a jump host${missing ? ` (${missing})` : ""}`,
	() => {
		let libvirt: Libvirtd;
		let operator: OperatorSide;
		let world: World;
		let publishing: Running;
		let router: string;
		let deploy: readonly string[];

		beforeAll(async () => {
			libvirt = await startLibvirtd();
			await libvirt.virsh(`net-define ${join(manifests, "cloud/libvirt-network.xml")}; net-start davit`);
			operator = await openOperatorSide(libvirt.pid);
			world = openWorld({ name: "root", argv: operator.argv });
			world.write("cloud.yml", cloudFile(libvirt, operator));
			const stemcell = `debian-12/latest=prepared:${await preparedImage()}`;
			deploy = ["deploy", MANIFEST, "--cloud", "cloud.yml", "--stemcell", stemcell, "-n"];
			// No registry is reached from the operator's side: what npm fetched on this one is there.
			const blobs = readFileSync(join(manifests, "../releases/min-platform/config/blobs.yml"), "utf8");
			const packages = [...blobs.matchAll(/npm: "?([^\s"]+)/g)]
				.map(([, name = ""]) => name)
				.filter((name) => !name.includes("arm64"));
			await promisify(execFile)("npm", ["cache", "add", ...packages], { env: { ...process.env, ...env } });
		});
		afterAll(async () => {
			publishing?.signal("SIGINT");
			await world?.davit(["delete-deployment", "-n", "--skip-drain"], { longestMs });
			await world?.close();
			await operator?.close();
			await libvirt?.close();
		});

		const curl = (host: string, ...more: readonly string[]) =>
			run(world.command(["curl", "-sS", "--fail", "--max-time", "60", "-H", `Host: ${host}.min.test`, ...more]));
		/** What the pushed app answers in the end, through the router and this machine's side of the jump host. */
		const expectAnswer = () =>
			expect
				.poll(async () => (await curl("hello", router)).stdout, { timeout: 600_000, interval: 5000 })
				.toBe("hello\n");
		const vms = async (): Promise<readonly { instance: string; state: string; vm_cid: string }[]> => {
			const { stdout } = await world.davit(["vms", "--json"]);
			return stdout
				.trim()
				.split("\n")
				.flatMap((line) => JSON.parse(line).rows ?? []);
		};
		const cidOf = async (name: string) => (await vms()).find(({ instance }) => instance === name)?.vm_cid ?? "";
		const onDatabase = async (command: string) => (await world.davit(["ssh", "database/0", "-c", command])).stdout;

		test("four guests boot, and the platform is installed on them", async () => {
			const { code, stderr } = await world.davit(deploy, { longestMs, env });
			expect(code, stderr).toBe(0);
			expect(stderr).toMatch(/Uploading the prepared stemcell debian-12\/[0-9a-f]+ to libvirt/);
			expect((await vms()).map(({ instance, state }) => `${instance} ${state}`)).toEqual(
				INSTANCES.map((name) => `${name} running`),
			);
			// PostgreSQL's disk is a block device, known by its serial.
			expect(await onDatabase("findmnt -no SOURCE /var/vcap/store; ls /dev/disk/by-id")).toMatch(
				/^\/dev\/vd.\n[\s\S]*virtio-disk-/,
			);
		});

		test("an app that is pushed answers", async () => {
			publishing = world.start(["proxy", "0:router/0:80"], { longestMs: 4 * longestMs });
			const listening = await publishing.until((event) => event.type === "note");
			router = `http://127.0.0.1:${/127\.0\.0\.1:(\d+)/.exec(JSON.stringify(listening))?.[1]}/`;
			const server = `require("http").createServer((_, r) => r.end("hello\\n")).listen(process.env.PORT)`;
			world.write("app/start.sh", `exec node -e '${server}'\n`);
			expect(await run(world.command(["tar", "-C", "app", "-czf", "app.tgz", "start.sh"]))).toMatchObject({ code: 0 });
			const password = (await world.davit(["variables", "--show", "admin_password"])).stdout.trim();
			const api = `${router}apps/hello?command=sh+start.sh`;
			const pushed = await curl("api", "-u", `admin:${password}`, "--upload-file", "app.tgz", api);
			expect(pushed.code, pushed.stderr).toBe(0);
			await expectAnswer();
		});

		test("a guest that loses its power comes back by itself, without davit: disk, names, supervisor and jobs", async () => {
			const before = await onDatabase("cat /proc/sys/kernel/random/boot_id");
			await libvirt.virsh("reset", await cidOf("database/0"));
			await expect
				.poll(() => onDatabase("cat /proc/sys/kernel/random/boot_id"), { timeout: 600_000, interval: 10_000 })
				.not.toMatch(new RegExp(`^(${before.trim()})?$`));
			await expectAnswer();
			const again = await world.davit([...deploy], { longestMs, env });
			expect(again.stderr).toBe("min-4: nothing to do, all is as the manifest says\n");
		});

		test("a database whose VM is gone gets another one with its data", async () => {
			const cid = await cidOf("database/0");
			await libvirt.virsh(`destroy ${cid}; undefine ${cid} --nvram`);
			const { code, stderr } = await world.davit(deploy, { longestMs, env });
			expect(code, stderr).toBe(0);
			expect(await cidOf("database/0")).not.toBe(cid);
			const password = (await world.davit(["variables", "--show", "admin_password"])).stdout.trim();
			const apps = await curl("api", "-u", `admin:${password}`, `${router}apps`);
			expect(apps.stdout, apps.stderr).toContain("hello");
			await expectAnswer();
		});

		test("deleting it leaves nothing at the host but the orphaned disk and the stemcell", async () => {
			publishing.signal("SIGINT");
			await publishing.ended;
			const { code, stderr } = await world.davit(["delete-deployment", "-n"], { longestMs });
			expect(code, stderr).toBe(0);
			expect(await libvirt.virsh("list", "--all", "--name")).toBe("");
			const volumes = (await libvirt.virsh("vol-list", "default"))
				.split("\n")
				.map((line) => line.trim().split(/\s+/)[0] ?? "");
			expect(volumes.filter((name) => !/^(disk|stemcell)-/.test(name))).toEqual([]);
		});
	},
);
