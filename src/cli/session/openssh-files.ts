import { chmod, mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { command } from "../../machine/shell.ts";
import type { InstanceName } from "../../plan/step.ts";
import { openSshConfig, openSshKnownHosts } from "../../ssh/openssh.ts";
import type { CliContext } from "../command.ts";
import type { RecordedDeployment } from "./recorded.ts";

/** What OpenSSH calls an instance: `database-0.min-4`, and in short `database-0`. */
export function aliasesOf(deployment: string, instance: InstanceName): readonly [string, string] {
	const short = instance.replace("/", "-").replace(/[^\w.-]/g, "-");
	return [`${short}.${deployment.replace(/[^\w.-]/g, "-")}`, short];
}

/**
 * Writes the login key (mode 0600) and the known host keys into the folder, which is made for its owner only, and returns an ssh_config that
 * names them. Every instance must have a VM.
 */
export async function writeOpenSshFiles(
	folder: string,
	instances: readonly InstanceName[],
	{ name, machines, login }: RecordedDeployment,
	context: Pick<CliContext, "self" | "stateFolder" | "home">,
): Promise<string> {
	await mkdir(folder, { recursive: true, mode: 0o700 });
	await chmod(folder, 0o700);
	const [identityFile, knownHostsFile] = [join(folder, "key"), join(folder, "known_hosts")];
	const hosts = instances.map((instance) => {
		const { user, hostKeys } = machines.target(instance);
		return { instance, aliases: aliasesOf(name, instance), user, hostKeys };
	});
	await writeWhole(identityFile, `${login.privateKey.trimEnd()}\n`);
	await writeWhole(
		knownHostsFile,
		hosts.map(({ aliases, hostKeys }) => openSshKnownHosts(aliases[0], hostKeys)).join(""),
	);
	const { self, stateFolder, home } = context;
	const sections = hosts.map(({ instance, aliases, user }) => {
		const proxyCommand = command("env", `DAVIT_HOME=${home}`, self, "dial", "--state", stateFolder, name, instance);
		return openSshConfig({ aliases, user, identityFile, knownHostsFile, proxyCommand });
	});
	return sections.join("\n");
}

async function writeWhole(path: string, text: string): Promise<void> {
	await writeFile(`${path}.new`, text, { mode: 0o600 });
	await rename(`${path}.new`, path);
}
