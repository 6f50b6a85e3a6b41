import { join } from "node:path";
import type { BlobStore } from "../../blobs/blobs.ts";
import { type FolderStore, openFolderStore } from "../../blobs/folder.ts";
import { releaseSources } from "../../blobs/release-sources.ts";
import { type Place, type Problem, UserError } from "../../errors.ts";
import type { Deployment } from "../../manifest/deployment.ts";
import { contentProblem, contentsOf } from "../../release/compare.ts";
import { openRelease } from "../../release/open-release.ts";
import type { Release } from "../../release/release.ts";
import type { ReleaseSources } from "../../release/sources.ts";
import type { DeploymentRecord } from "../../state/state.ts";
import type { CliContext } from "../command.ts";
import { fetchNotes } from "./fetch-notes.ts";

/** Where releases come from, for VMs of this machine's processor. */
export function openSources(blobs: BlobStore, { home, clock, signal, emit }: CliContext): ReleaseSources {
	const onProgress = fetchNotes(clock, emit);
	return releaseSources({ cacheFolder: join(home, "cache"), blobs, arch, clock, signal, onProgress });
}

/** This machine's processor, as blobs name it. */
export const arch = process.arch === "arm64" ? "arm64" : "x64";

/** The blobs that davit keeps in its home. */
export function openBlobs({ home, clock, random }: CliContext): Promise<FolderStore> {
	return openFolderStore({ folder: join(home, "blobs"), clock, random });
}

/** Opens those releases whose jobs are used, all at once; every one that can't be is told, at its entry in the manifest. */
export async function openReleases(
	deployment: Deployment,
	blobs: BlobStore,
	placeOf: (path: string) => Place,
	context: CliContext,
): Promise<ReadonlyMap<string, Release>> {
	const used = new Set(
		[...deployment.instanceGroups, ...deployment.addons].flatMap(({ jobs }) => jobs.map(({ release }) => release)),
	);
	const sources = openSources(blobs, context);
	const problems: Problem[] = [];
	const opened = await Promise.all(
		deployment.releases
			.filter(({ name }) => used.has(name))
			.map(async (ref) => {
				try {
					return [[ref.name, await openRelease(ref, sources)] as const];
				} catch (error) {
					if (!(error instanceof UserError)) throw error;
					const place = placeOf(`/releases/${deployment.releases.indexOf(ref)}`);
					problems.push(...error.problems.map((problem) => ({ place, ...problem })));
					return [];
				}
			}),
	);
	if (problems.length > 0) throw new UserError(problems);
	const releases = new Map(opened.flat());
	for (const { warnings = [] } of releases.values())
		for (const found of warnings) context.emit({ type: "problem", problem: found });
	return releases;
}

/** What the next deploy compares a release of the same version with. */
export function releaseContents(releases: ReadonlyMap<string, Release>): DeploymentRecord["releases"] {
	return Object.fromEntries(
		[...releases.values()].map((release) => [`${release.name}/${release.version}`, contentsOf(release)]),
	);
}

/** Refuses a release whose name and version are known with other content. */
export function refuseChangedReleases(
	releases: ReadonlyMap<string, Release>,
	recorded: DeploymentRecord["releases"],
): void {
	const problems = [...releases.values()].flatMap((release): Problem[] => {
		const former = recorded[`${release.name}/${release.version}`];
		const changed = former && contentProblem(former, release);
		return changed ? [changed] : [];
	});
	if (problems.length > 0) throw new UserError(problems);
}
