import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { type Place, type Problem, UserError } from "../../errors.ts";
import type { Deployment, ReleaseRef } from "../../manifest/deployment.ts";
import { type ReleaseJobs, unknownJobs } from "../../plan/unknown-jobs.ts";
import type { CliContext } from "../command.ts";
import { located } from "./located.ts";
import { openBlobs, openSources } from "./releases.ts";

/** A manifest that could be read, and is wrong: more that is wrong with it can still be looked for. */
export class WrongManifest extends UserError {
	readonly deployment: Deployment;
	readonly place: (path: string) => Place;

	constructor(problems: readonly Problem[], deployment: Deployment, place: (path: string) => Place) {
		super(problems);
		this.deployment = deployment;
		this.place = place;
	}
}

/** The same with the jobs that releases lack, of those whose jobs are known at once: nothing is fetched or read whole for a manifest that is wrong anyway. */
export async function withJobProblems(error: unknown, context: CliContext): Promise<unknown> {
	if (!(error instanceof WrongManifest)) return error;
	const { deployment, place, problems } = error;
	const known = await Promise.all(deployment.releases.map((ref) => jobsOf(ref, context)));
	const found = unknownJobs(
		deployment,
		known.filter((release) => release !== undefined),
	);
	return new UserError([...problems, ...found.map((problem) => located(problem, place))]);
}

/** The jobs of a release folder, or of a release that was uploaded; undefined: only who opens it knows them. */
async function jobsOf({ name, version, url }: ReleaseRef, context: CliContext): Promise<ReleaseJobs | undefined> {
	if (url === undefined) {
		const { uploaded } = openSources(await openBlobs(context), context);
		const index = await uploaded.get(name, version);
		return index && { name, version, jobs: index.jobs.map((job) => job.name) };
	}
	if (version !== "create") return undefined;
	const entries = await readdir(join(url, "jobs"), { withFileTypes: true }).catch(() => undefined);
	return entries && { name, version, jobs: entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])) };
}
