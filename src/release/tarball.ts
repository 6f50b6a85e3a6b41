import { Readable } from "node:stream";
import { type Problem, problem, UserError } from "../errors.ts";
import { type Digests, digester, digestMismatch, digestsOf } from "./digests.ts";
import type { PackageDigest, PackageStore } from "./files.ts";
import { collect, readJobArchive } from "./job-archive.ts";
import type { JobContent } from "./read-job.ts";
import { missingPackages } from "./references.ts";
import { parseReleaseManifest, type ReleaseManifest } from "./release-manifest.ts";
import { unarchive } from "./unarchive.ts";

/** What reading a release tarball once found. Plain data: it can be kept, so that the tarball is never read again. */
export interface TarballIndex {
	readonly manifest: ReleaseManifest;
	readonly jobs: readonly (Omit<JobContent, "properties"> & {
		readonly fingerprint: string;
		readonly digest: string;
		readonly properties: readonly (readonly [string, { readonly description: string; readonly default?: unknown }])[];
	})[];
	/** By member name: where the package archives lie in the blob store. */
	readonly blobs: Readonly<Record<string, PackageDigest>>;
	readonly warnings: readonly Problem[];
}

interface Members {
	manifest?: string;
	readonly jobs: Map<string, Buffer>;
	readonly digests: Map<string, Digests>;
	readonly blobs: Map<string, PackageDigest>;
}

/**
 * Reads a release tarball (dev, final or compiled; bosh-cli, release/archive_reader.go) in one pass: jobs into memory, package archives into the
 * blob store. Members may come in any order.
 * @throws UserError with everything that is wrong: a broken archive, members that are missing or whose digests differ, bad job specs.
 */
export async function indexTarball(source: Readable, name: string, blobs: PackageStore): Promise<TarballIndex> {
	const members = await readMembers(source, name, blobs);
	if (members.manifest === undefined)
		throw new UserError(
			problem("not-a-release", `${name} is no release: it holds no release.MF`, {
				hint: "give a tarball that `create-release --tarball` made, or the release's folder",
			}),
		);
	const manifest = parseReleaseManifest(members.manifest, `${name}: release.MF`);
	const { problems, sound } = verify(manifest, members, name);
	const jobs: TarballIndex["jobs"][number][] = [];
	for (const entry of manifest.jobs) {
		const bytes = members.jobs.get(entry.name);
		if (!bytes || !sound.has(`jobs/${entry.name}.tgz`)) continue;
		const where = `${name}: jobs/${entry.name}.tgz`;
		const job = await readJobArchive(bytes, { name: entry.name, release: manifest.name, where }, problems);
		if (job) jobs.push({ ...job, fingerprint: entry.fingerprint, digest: entry.sha1, properties: [...job.properties] });
	}
	const packages = [...manifest.packages, ...manifest.compiledPackages].map((item) => [item.name, item] as const);
	problems.push(...missingPackages(`${manifest.name}/${manifest.version}`, jobs, new Map(packages)));
	const errors = problems.filter(({ severity }) => severity === "error");
	if (errors.length > 0) throw new UserError(errors);
	return { manifest, jobs, blobs: Object.fromEntries(members.blobs), warnings: problems };
}

async function readMembers(source: Readable, name: string, blobs: PackageStore): Promise<Members> {
	const members: Members = { jobs: new Map(), digests: new Map(), blobs: new Map() };
	await unarchive(source, name, async ({ path }, body) => {
		const [, folder, member = ""] =
			/^(?:(jobs|packages|compiled_packages)\/([^/]+)\.tgz|release\.MF)$/.exec(path) ?? [];
		if (path === "release.MF") members.manifest = (await collect(body)).toString("utf8");
		else if (folder === "jobs") {
			const bytes = await collect(body);
			members.jobs.set(member, bytes);
			members.digests.set(path, digestsOf(bytes));
		} else if (folder !== undefined) {
			const all = digester();
			const { digest } = await blobs.put(Readable.from(observed(body, all), { objectMode: false }));
			members.blobs.set(path, digest);
			members.digests.set(path, all.digests());
		}
	});
	return members;
}

async function* observed(body: AsyncIterable<Buffer>, all: { update(chunk: Buffer): void }): AsyncGenerator<Buffer> {
	for await (const chunk of body) {
		all.update(chunk);
		yield chunk;
	}
}

/** Every archive that the manifest names must be there with the digest that it gives. */
function verify(
	manifest: ReleaseManifest,
	members: Members,
	name: string,
): { problems: Problem[]; sound: Set<string> } {
	const sound = new Set<string>();
	const wanted = [
		...manifest.jobs.map((item) => ({ ...item, path: `jobs/${item.name}.tgz`, kind: "job" })),
		...manifest.packages.map((item) => ({ ...item, path: `packages/${item.name}.tgz`, kind: "package" })),
		...manifest.compiledPackages.map((item) => ({
			...item,
			path: `compiled_packages/${item.name}.tgz`,
			kind: "compiled package",
		})),
	];
	const problems = wanted.flatMap(({ path, kind, name: item, sha1 }) => {
		const actual = members.digests.get(path);
		if (!actual)
			return [
				problem(
					"missing-member",
					`${name} is incomplete: its release.MF names ${kind} ${item}, but ${path} is missing`,
					{
						hint: "get the tarball again, or create the release anew",
					},
				),
			];
		const mismatch = sha1 === "" ? undefined : digestMismatch(sha1, actual);
		if (!mismatch) {
			sound.add(path);
			return [];
		}
		return [
			problem(
				"checksum-mismatch",
				`${name}: ${path} of ${kind} ${item} has the checksum ${mismatch.actual}, its release.MF says ${mismatch.expected}`,
				{ hint: "the tarball was changed or damaged: get it again" },
			),
		];
	});
	return { problems, sound };
}
