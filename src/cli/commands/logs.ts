import { problem, UserError } from "../../errors.ts";
import { type LogSelection, logsScript, tailLogsScript } from "../../machine/logs.ts";
import { type Command, type Options, text, texts } from "../command.ts";
import { fetchAllLogs } from "../session/log-archive.ts";
import { onInstances } from "../session/on-instances.ts";
import { selectInstances, withDeployment } from "../session/recorded.ts";
import { lineShower } from "../session/show-line.ts";
import { deploymentOption } from "../session/store.ts";

export const command: Command = {
	arguments: "[instance]",
	options: [
		deploymentOption,
		{ flags: "--job <job>", about: "of this job only; repeatable", repeat: true },
		{ flags: "--only <globs>", about: "files below a job's folder that match, parted by commas (default: **/*.log)" },
		{ flags: "--all-logs", about: "rotated files too, and whatever else lies there" },
		{ flags: "-f, --follow", about: "show lines as they come, until Ctrl-C" },
		{ flags: "--num <lines>", about: "show the last lines of each file instead of fetching an archive" },
		{ flags: "--dir <folder>", about: "where the archives go (default: here)" },
	],
	help: `Without -f and --num an archive of each chosen instance is written: DEPLOYMENT.GROUP.INDEX-TIME.tgz. Nothing is written on the VM.
Exit code 1 if it fails anywhere; 130 after Ctrl-C, by which -f ends.

Examples: davit logs router
          davit logs router/0 --job gorouter -f`,
	endsByInterrupt: true,
	run: async ([selector], options, context) => {
		const selection = selectionOf(options);
		const num = lineCount(text(options, "num"));
		const follow = options.follow === true;
		return withDeployment(options, context, async (deployment) => {
			const chosen = selectInstances(deployment.records, typeof selector === "string" ? selector : undefined);
			if (!follow && num === undefined) {
				const folder = text(options, "dir") ?? ".";
				return (await fetchAllLogs(chosen, logsScript(selection), folder, deployment, context)) ? 0 : 1;
			}
			const script = tailLogsScript({ ...selection, follow, ...(num === undefined ? {} : { num }) });
			const { signal } = context;
			const ends = await onInstances(chosen, context, async (instance) => {
				const connection = await deployment.machines.connect(instance, { signal });
				const onLine = lineShower(instance, chosen.length > 1, context);
				const { code } = await connection.run(script, { signal, maxBytes: 0, onLine });
				if (code === 0) return true;
				throw new UserError(problem("logs-failed", `${instance}: reading the logs ended with exit code ${code}`));
			});
			return ends.every((good) => good === true) ? 0 : 1;
		});
	},
};

function selectionOf(options: Options): LogSelection {
	const only =
		text(options, "only")
			?.split(",")
			.filter((glob) => glob !== "") ?? [];
	return { jobs: texts(options, "job"), only, all: options.allLogs === true };
}

function lineCount(given: string | undefined): number | undefined {
	if (given === undefined || /^\d{1,9}$/.test(given)) return given === undefined ? undefined : Number(given);
	throw new UserError(problem("usage", `--num ${given} is no number of lines`, { hint: "write it as in --num 100" }), {
		exitCode: 64,
	});
}
