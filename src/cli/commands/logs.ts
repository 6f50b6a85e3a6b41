import { createWriteStream } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { resolve as resolvePath } from "node:path";
import { pipeline } from "node:stream/promises";
import { logsScript, tailLogsScript } from "../../machine/logs.ts";
import { type CliContext, type Command, text, texts } from "../command.ts";
import { type RecordedDeployment, selectInstances, withDeployment } from "../session/recorded.ts";
import { deploymentOption } from "../session/store.ts";

export const command: Command = {
	arguments: "[instance]",
	options: [
		deploymentOption,
		{ flags: "--job <job>", about: "of this job only; repeatable", repeat: true },
		{ flags: "-f, --follow", about: "show lines as they come, until Ctrl-C" },
		{ flags: "--num <lines>", about: "show the last lines of each file instead of fetching an archive" },
		{ flags: "--dir <folder>", about: "where the archives go (default: here)" },
	],
	help: "Without -f and --num an archive of each chosen instance is written: GROUP-INDEX-logs.tgz. Nothing is written on the VM.",
	run: async ([selector], options, context) => {
		await withDeployment(options, context, async (deployment) => {
			const chosen = selectInstances(deployment.records, typeof selector === "string" ? selector : undefined);
			const jobs = texts(options, "job");
			const selection = jobs.length === 0 ? {} : { jobs };
			const num = text(options, "num");
			if (options.follow !== true && num === undefined) {
				const folder = resolvePath(context.cwd, text(options, "dir") ?? ".");
				await mkdir(folder, { recursive: true });
				await Promise.all(
					chosen.map((instance) => fetchLogs(instance, logsScript(selection), folder, deployment, context)),
				);
				return;
			}
			const script = tailLogsScript({
				...selection,
				...(num === undefined ? {} : { num: Number(num) }),
				follow: options.follow === true,
			});
			await Promise.all(chosen.map((instance) => showLines(instance, script, chosen.length > 1, deployment, context)));
		});
		return 0;
	},
};

async function fetchLogs(
	instance: string,
	script: string,
	folder: string,
	{ machines }: RecordedDeployment,
	context: CliContext,
): Promise<void> {
	const path = resolvePath(folder, `${instance.replace("/", "-")}-logs.tgz`);
	const connection = await machines.connect(instance, { signal: context.signal });
	try {
		await pipeline(await connection.stream(script, { signal: context.signal }), createWriteStream(`${path}.part`));
		await rename(`${path}.part`, path);
	} finally {
		await rm(`${path}.part`, { force: true });
	}
	context.emit({ type: "note", text: `${instance}: ${path}` });
}

async function showLines(
	instance: string,
	script: string,
	named: boolean,
	{ machines }: RecordedDeployment,
	context: CliContext,
): Promise<void> {
	const connection = await machines.connect(instance, { signal: context.signal });
	await connection.run(script, {
		signal: context.signal,
		onLine: (_, line) => context.emit({ type: "output", text: `${named ? `${instance}: ` : ""}${line}\n` }),
	});
}
