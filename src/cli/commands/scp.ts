import { resolve } from "node:path";
import { problem, UserError } from "../../errors.ts";
import { receiveFilesScript, sendFilesScript } from "../../machine/scp.ts";
import type { InstanceName } from "../../plan/step.ts";
import type { SshConnection } from "../../ssh/ssh.ts";
import type { CliContext, Command } from "../command.ts";
import { onInstances } from "../session/on-instances.ts";
import { checkSources, packFiles } from "../session/pack-files.ts";
import { type RecordedDeployment, selectInstances, withDeployment } from "../session/recorded.ts";
import { type Copy, fillIn, parseScpWords, tellsApart } from "../session/scp-words.ts";
import { deploymentOption } from "../session/store.ts";
import { type Copied, inWords, showTransfer } from "../session/transfer.ts";
import { unpackFiles } from "../session/unpack-files.ts";

export const command: Command = {
	arguments: "<from-and-to...>",
	options: [deploymentOption, { flags: "-r, --recursive", about: "folders too, with all that is in them" }],
	help: `One side is GROUP/INDEX:PATH, GROUP:PATH or all:PATH; there, PATH counts from the login user's home and may be a glob. Files are read and written
as root; new ones belong to the login user. In a path ((instance_id)), ((group)) and ((index)) stand for each instance's own; what comes
from several goes into folders called GROUP-INDEX otherwise. Exit code 1 if it fails anywhere.

Examples: davit scp database/0:/var/vcap/store/dump.sql .
          davit scp -r router:/var/vcap/sys/log/gorouter logs/
          davit scp web.pem all:/tmp/`,
	run: async ([words], options, context) => {
		const copy = parseScpWords(words as readonly string[]);
		const recursive = options.recursive === true;
		return withDeployment(options, context, async (deployment) => {
			const chosen = selectInstances(deployment.records, copy.selector);
			const work =
				copy.direction === "to"
					? await upload(copy, chosen, { recursive, deployment, context })
					: download(copy, chosen, { recursive, deployment, context });
			const ends = await onInstances(chosen, context, async (instance) => {
				const connection = await deployment.machines.connect(instance, { signal: context.signal });
				await work(instance, connection);
				return true;
			});
			return ends.every((good) => good === true) ? 0 : 1;
		});
	},
};

interface Doing {
	readonly recursive: boolean;
	readonly deployment: RecordedDeployment;
	readonly context: CliContext;
}

type Work = (instance: InstanceName, connection: SshConnection) => Promise<void>;

async function upload(
	copy: Copy,
	chosen: readonly InstanceName[],
	{ recursive, deployment, context }: Doing,
): Promise<Work> {
	const { records, machines } = deployment;
	const { signal, emit } = context;
	const sourcesOf = (instance: InstanceName) =>
		copy.sources.map((path) => resolve(context.cwd, fillIn(path, records.get(instance))));
	await checkSources([...new Set(chosen.flatMap(sourcesOf))], { recursive });
	// Several files can only go into a folder.
	const slash = copy.sources.length > 1 && !copy.target.endsWith("/") ? "/" : "";
	return (instance, connection) => {
		const target = fillIn(copy.target, records.get(instance)) + slash;
		const texts = {
			kind: "copy",
			doing: `Copying to ${instance}`,
			done: (copied: Copied) => `Copied ${inWords(copied)} to ${instance}`,
		};
		return showTransfer(instance, texts, context, async (copied) => {
			const stdin = packFiles(sourcesOf(instance), copied, emit);
			const script = receiveFilesScript(target, { owner: machines.target(instance).user });
			const { code, stderr } = await connection.run(script, { signal, stdin });
			if (code !== 0) throw refused(instance, stderr);
		});
	};
}

function download(copy: Copy, chosen: readonly InstanceName[], { recursive, deployment, context }: Doing): Work {
	const { signal, emit } = context;
	const records = chosen.map((instance) => deployment.records.get(instance));
	const apart = tellsApart(copy.target, records);
	const several = copy.sources.length > 1;
	return (instance, connection) => {
		const record = deployment.records.get(instance);
		const own = fillIn(copy.target, record);
		const path = apart ? own : `${own}/${record.group}-${record.index}/`;
		const target = resolve(context.cwd, path) + (path.endsWith("/") || several ? "/" : "");
		const texts = {
			kind: "copy",
			doing: `Copying from ${instance}`,
			done: (copied: Copied) => `Copied ${inWords(copied)} from ${instance}`,
		};
		return showTransfer(instance, texts, context, async (copied) => {
			const script = sendFilesScript(
				copy.sources.map((source) => fillIn(source, record)),
				{ recursive },
			);
			await unpackFiles(await connection.stream(script, { signal }), target, { emit, copied });
		});
	};
}

function refused(instance: InstanceName, stderr: string): UserError {
	const said = stderr.trim().split("\n").slice(-3).join(" / ");
	return new UserError(problem("copy-failed", `${instance}: ${said}`, { hint: "nothing was half written there" }));
}
