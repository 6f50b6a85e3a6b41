import type { RenderedJob } from "../template/render.ts";
import { type MonitFileChecks, parseMonit } from "./monit.ts";

/** What of a rendered job its monit files are. */
export type JobMonitFiles = Pick<RenderedJob, "job" | "release" | "monit" | "extraMonit">;

/** The checks of a job's `monit` and of its `*.monit` files, which BOSH's agent includes in monit's control file as well. */
export function monitChecksOf({ job, release, monit, extraMonit = [] }: JobMonitFiles): MonitFileChecks {
	const files = [{ file: "monit", content: monit }, ...extraMonit];
	const read = files.map(({ file, content }) => parseMonit(content, { release, job, file }));
	return { checks: read.flatMap(({ checks }) => checks), problems: read.flatMap(({ problems }) => problems) };
}
