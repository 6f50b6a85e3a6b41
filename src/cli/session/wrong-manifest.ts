import { type Place, type Problem, UserError } from "../../errors.ts";
import type { Deployment } from "../../manifest/deployment.ts";
import { unknownJobs } from "../../plan/unknown-jobs.ts";
import type { CliContext } from "../command.ts";
import { located } from "./located.ts";
import { openBlobs, openReleases } from "./releases.ts";

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

/** What the releases that lie on this machine say against the manifest, in the same breath. Nothing is downloaded for a manifest that is wrong anyway. */
export async function withJobProblems(error: unknown, context: CliContext): Promise<unknown> {
	if (!(error instanceof WrongManifest)) return error;
	const { deployment, place, problems } = error;
	const releases = deployment.releases.filter(({ url }) => !/^(https?|git[^/]*):/i.test(url ?? ""));
	try {
		const opened = await openReleases({ ...deployment, releases }, await openBlobs(context), place, context);
		return new UserError([...problems, ...unknownJobs(deployment, opened).map((problem) => located(problem, place))]);
	} catch (other) {
		return other instanceof UserError ? new UserError([...problems, ...other.problems]) : other;
	}
}
