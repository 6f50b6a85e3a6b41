import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openWorld, type World } from "../support/acceptance.ts";
import { boshAgentMissing } from "../support/bosh-agent.ts";
import { boshStemcell, makeBoshStemcell } from "../support/bosh-stemcell.ts";
import { type Libvirtd, libvirtdMissing, startLibvirtd } from "../support/libvirtd.ts";
import { type OperatorSide, openOperatorSide } from "../support/operator-side.ts";
import { whyNoImage } from "../support/stemcell-image.ts";
import { tinyGroup, tinyManifest, writeTinyRelease } from "../support/tiny-release.ts";

const cloud = readFileSync(join(import.meta.dirname, "../../manifests/cloud/libvirt.yml"), "utf8");
const network = join(import.meta.dirname, "../../manifests/cloud/libvirt-network.xml");
const NOTHING_TO_DO = "tiny: nothing to do, all is as the manifest says\n";
/** A guest's boot takes minutes without KVM. */
const longestMs = 840_000;
const missing = boshAgentMissing() ?? libvirtdMissing() ?? whyNoImage;

describe.skipIf(missing !== undefined)(
	`a guest of libvirt with a real bosh-agent, behind a jump host${missing ? ` (${missing})` : ""}`,
	() => {
		let libvirt: Libvirtd;
		let operator: OperatorSide;
		let world: World;
		let deploy: readonly string[];
		let cid: string;
		let password: string;

		const ids = async () => (await libvirt.virsh("list", "--all", "--name")).split("\n").filter(Boolean);
		/** What stands in the VM's config drive. */
		const endpointPassword = () =>
			/https:\/\/davit:([^@]+)@/.exec(readFileSync(join(libvirt.poolPath, `${cid}.seed.iso`), "latin1"))?.[1] ?? "";
		const askAgent = async () =>
			(
				await libvirt.inside([
					...["curl", "-sk", "--max-time", "60", "-o", "/dev/null", "-w", "%{http_code}", "-u", `davit:${password}`],
					...["-d", '{"method":"ping","arguments":[],"reply_to":"x"}', "https://10.77.0.10:6868/agent"],
				])
			).trim();
		const stateBytes = () =>
			readdirSync(world.home, { recursive: true, withFileTypes: true })
				.filter((entry) => entry.isFile())
				.map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1"))
				.join("\n");

		beforeAll(async () => {
			libvirt = await startLibvirtd();
			await libvirt.virsh(`net-define ${network}; net-start davit`);
			operator = await openOperatorSide(libvirt.pid);
			world = openWorld({ name: "root", argv: operator.argv });
			const { jump, address } = operator;
			const file = await makeBoshStemcell(join(world.folder, "stemcell"));
			const ssh = {
				dialer: {
					jump: [
						{
							host: address,
							port: jump.port,
							user: "ops",
							host_keys: [jump.hostKey.publicKey],
							private_key: jump.login.privateKey,
						},
					],
				},
			};
			const stemcells = [{ os: boshStemcell.os, version: boshStemcell.version, kind: "bosh", file }];
			const here = cloud.replace("uri: qemu:///system", `uri: ${libvirt.uri}\n    virtualization: qemu`);
			world.write("cloud.yml", `${here}\nssh: ${JSON.stringify(ssh)}\nstemcells: ${JSON.stringify(stemcells)}\n`);
			writeTinyRelease(world, "release", { jobs: { app: {} } });
			const group = tinyGroup("app", "app", { networks: [{ name: "default", static_ips: ["10.77.0.10"] }] });
			world.write("tiny.yml", tinyManifest([group], { stemcells: [{ alias: "default", ...boshStemcell }] }));
			deploy = ["deploy", "tiny.yml", "--cloud", "cloud.yml", "-n"];
		});
		afterAll(async () => {
			await world?.davit(["delete-deployment", "-n", "--skip-drain"], { longestMs });
			await world?.close();
			await operator?.close();
			await libvirt?.close();
		});

		test("killed while it waits for the agent, a deploy goes on with the same VM", async () => {
			const first = world.start(deploy, { longestMs });
			await first.until((event) => event.type === "step-progress" && event.id.startsWith("bootstrap-vm"));
			first.signal("SIGKILL");
			await first.ended;
			[cid = ""] = await ids();
			password = endpointPassword();
			expect(password).toHaveLength(43);
			expect(stateBytes()).not.toContain(password);
			const { code, stdout, stderr } = await world.davit(deploy, { longestMs });
			expect(code, stderr).toBe(0);
			expect(await ids()).toEqual([cid]);
			expect(stdout + stderr).not.toContain(password);
			expect(stateBytes()).not.toContain(password);
		});

		test("what stood in its user data is refused; SSH goes to the agent's user, and all is as the manifest says", async () => {
			expect(await askAgent()).toBe("401");
			const { stdout, stderr } = await world.davit(["ssh", "app/0", "-c", "id -un; findmnt -no SOURCE /var/vcap/data"]);
			expect(stdout, stderr).toMatch(/^bosh_davit\n\/dev\/vdb1\n$/);
			expect((await world.davit(deploy, { longestMs })).stderr).toBe(NOTHING_TO_DO);
		});

		test("after a power cut the agent still refuses it, and the jobs come back by themselves", async () => {
			const bootId = async () =>
				(await world.davit(["ssh", "app/0", "-c", "cat /proc/sys/kernel/random/boot_id"])).stdout.trim();
			const before = await bootId();
			await libvirt.virsh("reset", cid);
			await expect
				.poll(bootId, { timeout: 600_000, interval: 5_000 })
				.toEqual(expect.not.stringMatching(new RegExp(`^(${before})?$`)));
			await expect.poll(askAgent, { timeout: 300_000, interval: 5_000 }).toBe("401");
			const states = async () => (await world.davit(["instances", "--ps", "--json"])).stdout;
			await expect.poll(states, { timeout: 300_000, interval: 5_000 }).toMatch(/"process":"app"[^}]*"state":"running"/);
			const again = await world.davit(deploy, { longestMs });
			expect(again.stderr).toBe(NOTHING_TO_DO);
		});

		test("recreated, it is another VM with an endpoint of its own", async () => {
			const { code, stderr } = await world.davit([...deploy, "--recreate"], { longestMs });
			expect(code, stderr).toBe(0);
			const former = cid;
			[cid = ""] = await ids();
			expect(cid).not.toBe(former);
			expect(endpointPassword()).not.toBe(password);
			password = endpointPassword();
			expect(await askAgent()).toBe("401");
		});
	},
);
