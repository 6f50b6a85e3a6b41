import { type Problem, problem } from "../errors.ts";
import type { DeploymentRecord } from "../state/state.ts";
import type { Release } from "./release.ts";

/** Fingerprints by name, as they are recorded of a deployed release. */
export type RecordedContents = DeploymentRecord["releases"][string];

/** What of a release is recorded, so that another content under the same version is noticed. */
export function contentsOf(release: Release): RecordedContents {
	const prints = (items: Iterable<{ readonly name: string; readonly fingerprint: string }>) =>
		Object.fromEntries([...items].map(({ name, fingerprint }) => [name, fingerprint]));
	return { jobs: prints(release.jobs.values()), packages: prints(release.packages.values()) };
}

/** Names of jobs and packages whose fingerprint differs, or that only one of the two has; sorted. */
export function compareContents(
	recorded: RecordedContents,
	release: Release,
): { readonly jobs: readonly string[]; readonly packages: readonly string[] } {
	const now = contentsOf(release);
	return { jobs: differing(recorded.jobs, now.jobs), packages: differing(recorded.packages, now.packages) };
}

/** The problem to show if a release is deployed again under the same version with other content; undefined if nothing differs. */
export function contentProblem(recorded: RecordedContents, release: Release): Problem | undefined {
	const { jobs, packages } = compareContents(recorded, release);
	const parts = [...named("job", jobs), ...named("package", packages)];
	if (parts.length === 0) return undefined;
	return problem(
		"release-changed",
		`release ${release.name}/${release.version} was deployed with other content: ${parts.join(", ")} differ${parts.length === 1 && jobs.length + packages.length === 1 ? "s" : ""}`,
		{
			hint: "create it with a new version, or deploy with --fix-releases to take the new content under the old version",
		},
	);
}

function differing(before: Readonly<Record<string, string>>, now: Readonly<Record<string, string>>): readonly string[] {
	const names = new Set([...Object.keys(before), ...Object.keys(now)]);
	return [...names].filter((name) => before[name] !== now[name]).sort();
}

function named(kind: string, names: readonly string[]): string[] {
	return names.length === 0 ? [] : [`${kind}${names.length > 1 ? "s" : ""} ${names.join(", ")}`];
}
