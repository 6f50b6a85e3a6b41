import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { problem, UserError } from "../../errors.ts";
import { type CliContext, type Command, text } from "../command.ts";
import { type RecordedDeployment, selectInstances, withDeployment } from "../session/recorded.ts";
import { deploymentOption } from "../session/store.ts";

export const command: Command = {
	arguments: "[instance]",
	options: [
		deploymentOption,
		{
			flags: "-c, --command <command>",
			about: "run this, as root, instead of opening a terminal; on all chosen instances at once",
		},
		{ flags: "--results", about: "show exit codes in a table" },
	],
	help: "Chooses GROUP/INDEX, GROUP/ID, a whole GROUP (with -c), or all. Exit code 1 if the command fails anywhere.",
	run: async ([selector], options, context) =>
		withDeployment(options, context, async (deployment) => {
			const chosen = selectInstances(deployment.records, typeof selector === "string" ? selector : undefined);
			const wanted = text(options, "command");
			if (wanted !== undefined) return runOnAll(chosen, wanted, options.results === true, deployment, context);
			const [only, ...others] = chosen;
			if (only === undefined || others.length > 0) {
				throw new UserError(
					problem("which-instance", `a terminal opens on one instance, and this chooses ${chosen.join(", ")}`, {
						hint: `name one, as in ${only}; or add -c COMMAND`,
					}),
					{ exitCode: 64 },
				);
			}
			return openTerminal(only, deployment, context);
		}),
};

async function runOnAll(
	chosen: readonly string[],
	script: string,
	table: boolean,
	{ machines }: RecordedDeployment,
	context: CliContext,
): Promise<number> {
	const results = await Promise.all(
		chosen.map(async (instance) => {
			const connection = await machines.connect(instance, { signal: context.signal });
			return { instance, ...(await connection.run(script, { signal: context.signal })) };
		}),
	);
	for (const { instance, stdout, stderr } of results) {
		const named = (output: string) => (chosen.length === 1 ? output : output.replace(/^(?=.)/gm, `${instance}: `));
		if (stdout !== "") context.emit({ type: "output", text: named(stdout) });
		if (stderr !== "") context.emit({ type: "note", text: named(stderr.trimEnd()) });
	}
	if (table)
		context.emit({
			type: "table",
			name: "ssh",
			columns: ["instance", "exit_code"],
			rows: results.map(({ instance, code }) => ({ instance, exit_code: code })),
		});
	return results.every(({ code }) => code === 0) ? 0 : 1;
}

/** The system's OpenSSH, led through `davit dial`: terminals and escapes work as operators know them. */
async function openTerminal(
	instance: string,
	{ name, machines }: RecordedDeployment,
	context: CliContext,
): Promise<number> {
	const target = machines.target(instance);
	const folder = await mkdtemp(join(tmpdir(), "davit-ssh-"));
	try {
		const [key, hosts, config] = ["key", "known_hosts", "config"].map((file) => join(folder, file)) as [
			string,
			string,
			string,
		];
		const alias = instance.replace("/", "-");
		await writeFile(key, target.privateKey, { mode: 0o600 });
		await writeFile(hosts, target.hostKeys.map((line) => `${alias} ${line}\n`).join(""));
		const quoted = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;
		const proxy = [context.self, "dial", "--state", context.stateFolder, name, instance].map(quoted).join(" ");
		const lines = [
			`Host ${alias}`,
			`  HostKeyAlias ${alias}`,
			`  User ${target.user}`,
			`  IdentityFile "${key}"`,
			"  IdentitiesOnly yes",
			`  UserKnownHostsFile "${hosts}"`,
			"  StrictHostKeyChecking yes",
			`  ProxyCommand ${proxy}`,
		];
		await writeFile(config, `${lines.join("\n")}\n`);
		return await new Promise<number>((resolve, reject) => {
			const client = spawn("ssh", ["-F", config, alias], { stdio: "inherit" });
			client.once("error", () =>
				reject(
					new UserError(
						problem("no-ssh", "there is no ssh command on this machine", {
							hint: "install OpenSSH's client, or use -c COMMAND",
						}),
					),
				),
			);
			client.once("exit", (code) => resolve(code ?? 1));
		});
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
}
