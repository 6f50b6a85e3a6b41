import type { Readable } from "node:stream";
import { stringify } from "yaml";
import { problem, UserError } from "../errors.ts";
import { archive, bytesMember } from "./archive.ts";
import { neededPackages, type StemcellLine } from "./compile-graph.ts";
import type { PackageDigest, PackageStore } from "./files.ts";
import type { Release, ReleaseJob } from "./release.ts";
import type { ReleaseManifest } from "./release-manifest.ts";
import { collectArchives, releaseTarball } from "./release-tarball.ts";

export interface ExportOptions {
	readonly stemcell: StemcellLine;
	/** Only these jobs, by name, and the packages that they need; all unless given. */
	readonly jobs?: readonly string[];
	/** Where the compiled form of a package is in the store; undefined: it was never compiled. */
	readonly compiled: (key: string) => Promise<PackageDigest | undefined>;
	readonly store: PackageStore;
}

/**
 * A compiled release, as BOSH's `export-release` makes it: its jobs, and the packages that they need, compiled for one stemcell.
 * @throws UserError naming the packages that were not compiled for it yet, or the jobs that it has not.
 */
export async function exportRelease(
	release: Release,
	{ stemcell, jobs: only, compiled, store }: ExportOptions,
): Promise<{ readonly manifest: ReleaseManifest; tarball(): Readable }> {
	const line = `${stemcell.os}/${stemcell.version}`;
	const wanted = wantedJobs(release, only);
	const needed = neededPackages(
		release,
		wanted.map(({ name }) => name),
		stemcell,
	);
	const digests = await Promise.all(
		needed.map(({ package: { form }, key }) => (form === "source" ? compiled(key) : undefined)),
	);
	const absent = needed.filter(({ package: { form } }, index) => form === "source" && digests[index] === undefined);
	if (absent.length > 0)
		throw new UserError(
			problem(
				"not-compiled",
				`release ${release.name}/${release.version}: not compiled for ${line} yet: ${absent.map((each) => each.package.name).join(", ")}`,
				{ hint: "deploy jobs that use them on that stemcell first: davit compiles what it installs" },
			),
		);
	const { stored, keep } = collectArchives(store);
	const jobs: ReleaseManifest["jobs"][number][] = [];
	for (const job of wanted) {
		const sha1 = await keep(`jobs/${job.name}.tgz`, jobArchive(job));
		jobs.push({ name: job.name, fingerprint: job.fingerprint, sha1, packages: job.packages });
	}
	const compiledPackages: ReleaseManifest["compiledPackages"][number][] = [];
	for (const [index, { package: item }] of needed.entries()) {
		const digest = digests[index];
		const sha1 = await keep(
			`compiled_packages/${item.name}.tgz`,
			digest === undefined ? await item.open() : await store.open(digest),
		);
		const { name, fingerprint, dependencies, form } = item;
		const compiledFor = form === "source" ? line : form.compiledFor;
		compiledPackages.push({ name, fingerprint, sha1, dependencies, stemcell: compiledFor });
	}
	const { name, version, commitHash, uncommittedChanges } = release;
	const manifest: ReleaseManifest = {
		...{ name, version, commitHash, uncommittedChanges, jobs, packages: [], compiledPackages },
		noCompression: false,
	};
	return { manifest, tarball: () => releaseTarball(manifest, stored, [], store) };
}

function wantedJobs(
	{ name, version, jobs }: Release,
	only: readonly string[] = [...jobs.keys()],
): readonly ReleaseJob[] {
	const absent = [...new Set(only)].filter((job) => !jobs.has(job));
	if (absent.length === 0) return [...jobs.values()].filter((job) => only.includes(job.name));
	throw new UserError(
		problem("no-job", `release ${name}/${version} has no job ${absent.join(", ")}`, {
			hint: `it has: ${[...jobs.keys()].sort().join(", ")}`,
		}),
	);
}

/** The job as its archive holds it: the spec as `job.MF`, the rest as it stands. */
function jobArchive(job: ReleaseJob): Readable {
	const text = (path: string, content: string) => bytesMember(path, Buffer.from(content), false);
	const templates = new Map(job.templates.map(({ source, content }) => [source, content]));
	// A monit file that a template makes is there already.
	const made = new Set(job.templates.map(({ destination }) => destination));
	return archive(
		[
			text("job.MF", jobSpec(job)),
			text("monit", job.monit),
			...Object.entries(job.extraMonit).flatMap(([file, content]) => (made.has(file) ? [] : [text(file, content)])),
			...[...templates].map(([source, content]) => text(`templates/${source}`, content)),
			...(job.propertiesSchema === undefined ? [] : [text("properties_schema.json", job.propertiesSchema)]),
		],
		{ compress: true },
	);
}

function jobSpec({ name, description, templates, packages, provides, consumes, properties }: ReleaseJob): string {
	const data = {
		name,
		description,
		templates: Object.fromEntries(templates.map(({ source, destination }) => [source, destination])),
		packages,
		provides,
		consumes,
		properties: Object.fromEntries(properties),
	};
	return stringify(data, { version: "1.1", lineWidth: 0, aliasDuplicateObjects: false });
}
