import type { ErrandResult } from "../../apply/context.ts";
import { logsScript } from "../../machine/logs.ts";
import { type Options, text } from "../command.ts";
import type { DeploymentRun } from "./deployment-run.ts";
import { fetchAllLogs } from "./log-archive.ts";

/** Results of an errand, and whether all logs that were asked for came. */
export interface ErrandOutcome {
	readonly results: readonly ErrandResult[];
	readonly fetched: boolean;
}

/** With `--download-logs`, fetches the logs of each VM that an errand ran on, whatever it said, while the VM is there. */
export async function withErrandLogs(
	results: readonly ErrandResult[],
	{ inputs, machines, context }: DeploymentRun,
	options: Options,
): Promise<ErrandOutcome> {
	if (options.downloadLogs !== true) return { results, fetched: true };
	const instances = [...new Set(results.map(({ instance }) => instance))];
	const deployment = { name: inputs.deployment.name, machines };
	const folder = text(options, "logsDir") ?? ".";
	return { results, fetched: await fetchAllLogs(instances, logsScript(), folder, deployment, context) };
}
