import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { mkdtemp, writeFile } from "node:fs/promises";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { problem, UserError } from "../../errors.ts";
import type { InstanceName } from "../../plan/step.ts";
import { SshError } from "../../ssh/errors.ts";
import type { CliContext } from "../command.ts";
import { aliasesOf, writeOpenSshFiles } from "./openssh-files.ts";
import type { RecordedDeployment } from "./recorded.ts";

/**
 * Opens the system's OpenSSH client on an instance, led through `davit dial`, so that terminals, escapes and forwardings work as operators know
 * them. `words` go to it after the host's name. Resolves with its exit code.
 */
export async function openTerminal(
	instance: InstanceName,
	words: readonly string[],
	deployment: RecordedDeployment,
	context: CliContext,
): Promise<number> {
	await proveReachable(instance, deployment, context);
	const folder = await mkdtemp(join(tmpdir(), "davit-ssh-"));
	const removeKey = () => rmSync(folder, { recursive: true, force: true });
	// A terminal window that is closed sends SIGHUP twice, and the second ends davit at once. The key must go even then.
	process.on("exit", removeKey);
	try {
		const config = join(folder, "config");
		await writeFile(config, await writeOpenSshFiles(folder, [instance], deployment, context), { mode: 0o600 });
		const [alias] = aliasesOf(deployment.name, instance);
		return await runSsh(["-F", config, alias, ...words], context.signal);
	} finally {
		removeKey();
		process.off("exit", removeKey);
	}
}

/** davit's own words for what is in the way are better than OpenSSH's. Without sudo there can still be a terminal. */
async function proveReachable(
	instance: InstanceName,
	{ machines }: RecordedDeployment,
	{ signal }: CliContext,
): Promise<void> {
	try {
		await machines.connect(instance, { signal });
	} catch (error) {
		if (!(error instanceof SshError) || !["sudo", "shell"].includes(error.stage)) throw error;
	} finally {
		machines.disconnect(instance);
	}
}

/** Interrupted, it waits for OpenSSH to put the terminal back as it was. */
function runSsh(args: readonly string[], signal: AbortSignal): Promise<number> {
	return new Promise((resolve, reject) => {
		signal.throwIfAborted();
		const client = spawn("ssh", args, { stdio: "inherit" });
		signal.addEventListener("abort", () => client.kill(), { once: true });
		client.once("error", (error: NodeJS.ErrnoException) => {
			if (error.code !== "ENOENT") return reject(error);
			const hint = "install OpenSSH's client (openssh-client), or use -c COMMAND, which needs none";
			reject(new UserError(problem("no-ssh", "there is no ssh command on this machine", { hint })));
		});
		client.once("exit", (code, ended) => {
			const end = () => {
				if (signal.aborted) reject(signal.reason);
				else resolve(code ?? 128 + (ended ? constants.signals[ended] : 0));
			};
			// Ctrl-C goes to both. The kernel may tell davit of OpenSSH's end first, and of its cause a moment later.
			setTimeout(end, 10);
		});
	});
}
