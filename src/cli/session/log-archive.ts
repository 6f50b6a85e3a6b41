import { createWriteStream } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import type { InstanceName } from "../../plan/step.ts";
import type { CliContext } from "../command.ts";
import { localProblem } from "./local-problem.ts";
import { onInstances } from "./on-instances.ts";
import type { RecordedDeployment } from "./recorded.ts";
import { tableOf } from "./table-of.ts";
import { counted, formatBytes, showTransfer } from "./transfer.ts";

/** `min-4.router.0-20261125-090642-017.tgz`, as `bosh logs` calls it; the time in UTC, ms since 1970. */
function logArchiveName(deployment: string, instance: InstanceName, time: number): string {
	const [date = "", rest = ""] = new Date(time).toISOString().split("T");
	const [clock = "", ms = ""] = rest.slice(0, -1).split(".");
	const stamp = [date.replaceAll("-", ""), clock.replaceAll(":", ""), ms].join("-");
	return `${deployment}.${instance.replace("/", ".")}-${stamp}.tgz`;
}

/** Fetches an archive of each instance's logs into the folder, tells where each is, and resolves with whether all came. */
export async function fetchAllLogs(
	instances: readonly InstanceName[],
	script: string,
	folder: string,
	deployment: Pick<RecordedDeployment, "name" | "machines">,
	context: CliContext,
): Promise<boolean> {
	const files = await onInstances(instances, context, (instance) =>
		fetchLogs(instance, script, resolve(context.cwd, folder), deployment, context),
	);
	context.emit(
		tableOf(
			"logs",
			["instance", "file"],
			instances.map((instance, index) => ({ instance, file: files[index] })),
		),
	);
	return files.every((file) => file !== undefined);
}

/** Streams what the script prints into an archive in the folder, which gets its name when it is whole. Resolves with its path. */
async function fetchLogs(
	instance: InstanceName,
	script: string,
	folder: string,
	{ name, machines }: Pick<RecordedDeployment, "name" | "machines">,
	context: CliContext,
): Promise<string> {
	const { signal, emit, clock } = context;
	const path = join(folder, logArchiveName(name, instance, clock.now()));
	const connection = await machines.connect(instance, { signal });
	const texts = {
		kind: "logs",
		doing: `Fetching the logs of ${instance}`,
		done: ({ bytes }: { bytes: number }) => `Fetched the logs of ${instance} (${formatBytes(bytes)})`,
	};
	await showTransfer(instance, texts, context, async (copied) => {
		// Files that changed or vanished meanwhile.
		const onLine = (_: string, line: string) => emit({ type: "note", text: `${instance}: ${line}` });
		const source = await connection.stream(script, { signal, onLine });
		try {
			await mkdir(folder, { recursive: true });
			await pipeline(counted(source, copied), createWriteStream(`${path}.part`, { flags: "wx" }));
			await rename(`${path}.part`, path);
		} catch (error) {
			throw localProblem(error, path);
		} finally {
			source.destroy();
			await rm(`${path}.part`, { force: true });
		}
	});
	return path;
}
