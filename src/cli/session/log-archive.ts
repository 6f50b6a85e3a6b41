import { createWriteStream } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { InstanceName } from "../../plan/step.ts";
import type { CliContext } from "../command.ts";
import { localProblem } from "./local-problem.ts";
import type { RecordedDeployment } from "./recorded.ts";
import { counted, formatBytes, showTransfer } from "./transfer.ts";

/** `min-4.router.0-20261125-090642-017.tgz`, as `bosh logs` calls it; the time in UTC, ms since 1970. */
function logArchiveName(deployment: string, instance: InstanceName, time: number): string {
	const [date = "", rest = ""] = new Date(time).toISOString().split("T");
	const [clock = "", ms = ""] = rest.slice(0, -1).split(".");
	const stamp = [date.replaceAll("-", ""), clock.replaceAll(":", ""), ms].join("-");
	return `${deployment}.${instance.replace("/", ".")}-${stamp}.tgz`;
}

/** Streams what the script prints into an archive in the folder, which gets its name when it is whole. Resolves with its path. */
export async function fetchLogs(
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
