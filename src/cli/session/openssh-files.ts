import { chmod, mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { command } from "../../machine/shell.ts";
import type { InstanceName } from "../../plan/step.ts";
import { openSshConfig, openSshKnownHosts } from "../../ssh/openssh.ts";
import type { CliContext } from "../command.ts";
import type { RecordedDeployment } from "./recorded.ts";

/** What OpenSSH calls an instance: `database-0.min-4`, in short `database-0`, and as davit does, which scp and rsync would take for a path. */
export function aliasesOf(deployment: string, instance: InstanceName): readonly [string, ...string[]] {
	const own = instance.replace(/[^\w./-]/g, "-");
	const short = own.replace("/", "-");
	return [`${short}.${deployment.replace(/[^\w.-]/g, "-")}`, short, own];
}

/** Where the login key and the known host keys of a deployment are written unless another folder is given. */
export function sshFolder(deployment: string, { home }: Pick<CliContext, "home">): string {
	return join(home, "ssh", deployment);
}

/**
 * Writes the login key (mode 0600) and the known host keys of all VMs into the folder, which is made for its owner only, and returns an ssh_config
 * for these instances that names them. Every one must have a VM.
 */
export async function writeOpenSshFiles(
	folder: string,
	instances: readonly InstanceName[],
	{ name, records, machines, login }: RecordedDeployment,
	context: Pick<CliContext, "self" | "stateFolder" | "home">,
): Promise<string> {
	await mkdir(folder, { recursive: true, mode: 0o700 });
	await chmod(folder, 0o700);
	const [identityFile, knownHostsFile] = [join(folder, "key"), join(folder, "known_hosts")];
	// Of all: a configuration that was printed before may name others than this one.
	const known = records
		.instances()
		.flatMap(({ group, index, vm }) =>
			vm ? openSshKnownHosts(aliasesOf(name, `${group}/${index}`)[0], vm.hostKeys) : [],
		);
	await writeWhole(identityFile, `${login.privateKey.trimEnd()}\n`);
	await writeWhole(knownHostsFile, known.join(""));
	const { self, stateFolder, home } = context;
	const sections = instances.map((instance) => {
		const { user } = machines.target(instance);
		const proxyCommand = command("env", `DAVIT_HOME=${home}`, self, "dial", "--state", stateFolder, name, instance);
		return openSshConfig({ aliases: aliasesOf(name, instance), user, identityFile, knownHostsFile, proxyCommand });
	});
	return sections.join("\n");
}

async function writeWhole(path: string, text: string): Promise<void> {
	await writeFile(`${path}.new`, text, { mode: 0o600 });
	await rename(`${path}.new`, path);
}
