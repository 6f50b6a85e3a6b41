import { Readable } from "node:stream";
import { type Problem, problem, UserError } from "../errors.ts";
import { type JobContent, readJob } from "./read-job.ts";
import { unarchive } from "./unarchive.ts";

/** A job's files are texts: more than this in one archive is a mistake, and would not fit into memory a hundred times. */
const mostBytes = 64 * 1024 * 1024;

/** Reads a job from its archive (`job.MF`, `monit`, `templates/`), held in memory. All that is wrong goes to `problems`. */
export async function readJobArchive(
	bytes: Buffer,
	job: { readonly name: string; readonly release: string; readonly where: string },
	problems: Problem[],
): Promise<JobContent | undefined> {
	const files = new Map<string, Buffer>();
	let total = 0;
	try {
		await unarchive(Readable.from([bytes]), job.where, async ({ path, size }, body) => {
			total += size;
			if (total > mostBytes) throw new UserError(tooLarge(job.where));
			files.set(path, await collect(body));
		});
	} catch (error) {
		if (!(error instanceof UserError)) throw error;
		problems.push(...error.problems);
		return undefined;
	}
	return readJob(
		{
			release: job.release,
			where: job.where,
			specName: "job.MF",
			read: async (path) => files.get(path),
			monitFiles: [...files.keys()].filter((path) => /^[^/]+\.monit$/.test(path)),
		},
		job.name,
		problems,
	);
}

/** Bytes of a stream at hand. */
export async function collect(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
	const chunks: Uint8Array[] = [];
	for await (const chunk of body) chunks.push(chunk);
	return Buffer.concat(chunks);
}

function tooLarge(where: string): Problem {
	return problem("job-too-large", `${where} holds more than 64 MiB of job files`, {
		hint: "binaries belong into a package",
	});
}
