import { constants } from "node:os";
import { problem } from "../../errors.ts";
import { command } from "../../machine/shell.ts";
import type { InstanceName } from "../../plan/step.ts";
import type { CliContext } from "../command.ts";
import { onInstances } from "./on-instances.ts";
import type { RecordedDeployment } from "./recorded.ts";
import { lineShower } from "./show-line.ts";

/** A script that runs the command as the login user, as `bosh ssh -c` does, where davit itself enters as root. */
function asLoginUser(user: string, line: string): string {
	const shell = ["/bin/bash", "-c", line];
	return user === "root" ? command("exec", ...shell) : command("exec", "sudo", "-n", "-H", "-u", user, "--", ...shell);
}

/** Runs it on all at once and shows lines as they come, of several instances with their names. True if it succeeded everywhere. */
export async function runEverywhere(
	line: string,
	instances: readonly InstanceName[],
	{ machines }: RecordedDeployment,
	context: CliContext,
): Promise<boolean> {
	const { emit, signal } = context;
	const ends = await onInstances(instances, context, async (instance) => {
		const connection = await machines.connect(instance, { signal });
		const { code, signal: ended } = await connection.run(asLoginUser(machines.target(instance).user, line), {
			signal,
			maxBytes: 0,
			onLine: lineShower(instance, instances.length > 1, context),
		});
		if (code === 0) return true;
		const how = ended === undefined ? `exit code ${code}` : `signal ${ended}`;
		emit({ type: "problem", problem: problem("command-failed", `${instance}: the command ended with ${how}`) });
		return false;
	});
	return ends.every((good) => good === true);
}

/** Runs it on all at once and shows everything in the end, with a table. Of each output the last MiB counts. True if it succeeded everywhere. */
export async function collectEverywhere(
	line: string,
	instances: readonly InstanceName[],
	{ machines }: RecordedDeployment,
	context: CliContext,
): Promise<boolean> {
	const { emit, signal } = context;
	const results = await onInstances(instances, context, async (instance) => {
		const connection = await machines.connect(instance, { signal });
		return connection.run(asLoginUser(machines.target(instance).user, line), { signal });
	});
	const rows = instances.map((instance, index) => {
		const { code, signal: ended, stdout, stderr } = results[index] ?? {};
		// As a shell has it.
		const number = ended === undefined ? undefined : constants.signals[ended as NodeJS.Signals];
		return { instance, exit_code: code ?? (number === undefined ? undefined : 128 + number), stdout, stderr };
	});
	for (const { instance, stdout = "", stderr = "" } of context.json ? [] : rows) {
		const whole = (text: string) => (text === "" || text.endsWith("\n") ? text : `${text}\n`);
		if (stdout + stderr !== "") emit({ type: "output", text: `${instance}:\n${whole(stdout)}${whole(stderr)}\n` });
	}
	emit({ type: "table", name: "ssh", columns: ["instance", "exit_code"], rows });
	return results.every((result) => result?.code === 0);
}
