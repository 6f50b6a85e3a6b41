import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openWorld, type World } from "../test/support/acceptance.ts";
import { findOnPath } from "../test/support/on-path.ts";
import { tinyGroup, tinyManifest, writeTinyRelease } from "../test/support/tiny-release.ts";
import { command } from "./command.ts";
import { compare, type Row } from "./compare.ts";

const GROUPS = ["one", "two", "three", "four"];
const CONFIG = "/var/vcap/jobs/app/config/greeting";

/** What is done to a platform that runs: four VMs of the embedded provider, deployed here and deleted. */
export async function platform(davit: string): Promise<readonly Row[]> {
	const world = openWorld({ name: "whoever runs this", argv: [] }, davit);
	try {
		writeTinyRelease(world, "release", { jobs: { app: { templates: { "config/greeting": "hello\n" } } } });
		world.write("tiny.yml", tinyManifest(GROUPS.map((name) => tinyGroup(name))));
		await run(world, ["deploy", "tiny.yml"]);
		world.write("ssh.config", await run(world, ["ssh-config"]));
		return [...(await unchanged(world)), ...(await copies(world))];
	} finally {
		await world.close();
	}
}

async function run(world: World, args: readonly string[]): Promise<string> {
	const { code, stdout, stderr } = await world.davit(args);
	if (code !== 0) throw new Error(`davit ${args.join(" ")}: ${stderr}`);
	return stdout;
}

/** A deploy that finds nothing to do, against other tools that find nothing to do. */
async function unchanged(world: World): Promise<readonly Row[]> {
	const what = "`davit deploy` of four VMs, nothing changed";
	const deploy = () => run(world, ["deploy", "tiny.yml"]);
	const terraform = findOnPath("terraform");
	const ansible = findOnPath("ansible-playbook");
	return [
		await compare({
			what,
			davit: deploy,
			peer: "`terraform plan` of four `terraform_data`: no machine is asked",
			runPeer: terraform === undefined ? undefined : await terraformPlan(world, terraform),
		}),
		await compare({
			what,
			davit: deploy,
			peer: "`ansible-playbook --check` on the same VMs, of one file each",
			runPeer: ansible === undefined ? undefined : await ansibleCheck(world, ansible),
			rounds: 3,
		}),
	];
}

async function terraformPlan(world: World, terraform: string): Promise<() => Promise<string>> {
	const folder = join(world.folder, "terraform");
	await mkdir(folder);
	const resources = GROUPS.map((name) => `resource "terraform_data" "${name}" {\n  input = "hello"\n}\n`);
	await writeFile(join(folder, "main.tf"), resources.join(""));
	const call = (args: readonly string[]) => command([terraform, ...args], folder, { CHECKPOINT_DISABLE: "1" });
	await call(["init", "-input=false"]);
	await call(["apply", "-input=false", "-auto-approve"]);
	return () => call(["plan", "-input=false", "-detailed-exitcode"]);
}

async function ansibleCheck(world: World, ansible: string): Promise<() => Promise<string>> {
	const folder = join(world.folder, "ansible");
	await mkdir(folder);
	await writeFile(join(folder, "hosts"), GROUPS.map((name) => `${name}-0\n`).join(""));
	const task = `{stat: {path: ${CONFIG}}, register: found, failed_when: not found.stat.exists}`;
	await writeFile(join(folder, "play.yml"), `- {hosts: all, gather_facts: false, tasks: [${task}]}\n`);
	const env = {
		ANSIBLE_SSH_ARGS: `-F ${join(world.folder, "ssh.config")} -o ControlMaster=auto -o ControlPersist=60s`,
		ANSIBLE_PYTHON_INTERPRETER: "/usr/bin/python3",
		ANSIBLE_REMOTE_TMP: "/tmp",
	};
	return () => command([ansible, "--check", "-i", "hosts", "play.yml"], folder, { ...world.command([]).env, ...env });
}

/** A file of 64 MiB there and back, against OpenSSH's client, which reaches the same server by the same way. */
async function copies(world: World): Promise<readonly Row[]> {
	const scp = findOnPath("scp");
	const here = join(world.folder, "file");
	await writeFile(here, Buffer.alloc(64 << 20, "davit"));
	const peer = "OpenSSH's `scp`, same VM, same way there";
	const openssh = (from: string, to: string) =>
		scp === undefined
			? undefined
			: () => command([scp, "-q", "-F", "ssh.config", from, to], world.folder, world.command([]).env);
	const rows = [
		await compare({
			what: "`davit scp` of 64 MiB to a VM",
			davit: () => run(world, ["scp", here, "one/0:/tmp/file"]),
			peer,
			runPeer: openssh(here, "one-0:/tmp/other"),
		}),
		await compare({
			what: "`davit scp` of 64 MiB from a VM",
			davit: () => run(world, ["scp", "one/0:/tmp/file", `${here}.back`]),
			peer,
			runPeer: openssh("one-0:/tmp/file", `${here}.other`),
		}),
	];
	await Promise.all([here, `${here}.back`, `${here}.other`].map((path) => rm(path, { force: true })));
	return rows;
}
