import type { Problem } from "../../src/errors.ts";
import type { ManifestJobs } from "./manifest-jobs.ts";
import type { Outcome } from "./try-job.ts";
import type { TriedRelease } from "./try-release.ts";

export interface TriedManifest {
	readonly manifest: ManifestJobs;
	readonly templates: Readonly<Record<Outcome, number>>;
	/** What the supervisor of all groups together would watch. */
	readonly checks: number;
	/** Why templates were not rendered, and what the jobs of one VM can't have together. */
	readonly why: readonly Problem[];
}

/** The page with one of its generated parts replaced: the one of this name, which that test writes. */
export function withSection(page: string, section: string, name: string, writer: string): string {
	const [begin, end] = [`<!-- ${name}: begin, written by ${writer} -->`, `<!-- ${name}: end -->`];
	const [before, rest] = page.split(begin);
	const after = rest?.split(end)[1];
	if (before === undefined || after === undefined) throw new Error(`docs/compatibility.md has no ${begin} … ${end}`);
	return `${before}${begin}\n\n${section}\n${end}${after}`;
}

/** The generated part of docs/compatibility.md. */
export function section(
	releases: readonly TriedRelease[],
	manifests: readonly TriedManifest[],
	taken: { readonly date: string; readonly commit: string },
): string {
	const jobs = sum(releases.map(({ checkout }) => checkout.jobs.length));
	const refused = releases.flatMap(({ monit }) => monit.refused);
	return `Taken on ${taken.date} with davit at ${taken.commit}: ${releases.length} releases, ${jobs} jobs. Read is the monit file of a job once it is
rendered. Alone: rendered with the defaults of the job's spec and no links. By manifest: only with what one of the manifests below gives. Needs: a
property or link that neither gives. Refused: by the template's own \`raise\`. Failed: for any other reason.

${table(
	[
		"release, version",
		"commit",
		"jobs",
		"monit read",
		"monit refused",
		"alone",
		"by manifest",
		"needs",
		"refused",
		"failed",
	],
	releases.map(({ checkout, monit, templates }) => [
		`${checkout.name} ${checkout.version}`,
		checkout.commit,
		checkout.jobs.length === checkout.folders ? checkout.folders : `${checkout.jobs.length} of ${checkout.folders}`,
		monit.read,
		monit.refused.length,
		templates.rendered,
		templates.byManifest,
		templates.needs,
		templates.refused,
		templates.failed,
	]),
)}

${refused.length === 0 ? "No monit file was refused." : `Monit files refused:\n\n${unique(refused.map(({ place, message }) => `- ${place?.file}: ${message}`)).join("\n")}`}

Manifests, each with its ops files and variables, every job on the first instance of its group. Checks: what the supervisors of these VMs watch.

${table(
	["manifest", "jobs", "checks", "templates rendered", "need", "refused", "failed"],
	manifests.map(({ manifest, checks, templates }) => [
		manifest.name,
		manifest.jobs.length,
		checks,
		templates.rendered,
		templates.needs,
		templates.refused,
		templates.failed,
	]),
)}

${manifests.map(({ manifest, why }) => `- ${manifest.name}: ${standIns(manifest)}${reasons(manifest, why)}`).join("\n")}
`;
}

function standIns({ otherVersion, absent }: ManifestJobs): string {
	const parts = [
		...(otherVersion.length > 0 ? [`another version stands in for ${otherVersion.join(", ")}`] : []),
		...(absent.length > 0 ? [`without ${absent.join(", ")}`] : []),
	];
	return parts.length > 0 ? `${parts.join("; ")}.` : "all releases in the versions that it names.";
}

function reasons({ problems }: ManifestJobs, why: readonly Problem[]): string {
	const errors = problems.filter(({ severity }) => severity === "error").map(({ message }) => ` ${message}.`);
	const templates = why.map(({ place, message }) => ` ${place?.file}: ${message}.`);
	return unique([...errors, ...templates]).join("");
}

/** Rows as Markdown; the first `texts` columns are texts, the others numbers. */
export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[], texts = 2): string {
	const line = (cells: readonly (string | number)[]) => `| ${cells.join(" | ")} |`;
	return [line(head), line(head.map((_, column) => (column < texts ? "---" : "--:"))), ...rows.map(line)].join("\n");
}

function unique(texts: readonly string[]): readonly string[] {
	return [...new Set(texts)];
}

function sum(numbers: readonly number[]): number {
	return numbers.reduce((total, number) => total + number, 0);
}
