import type { PackageStore } from "./files.ts";
import type { Release, ReleasePackage } from "./release.ts";
import type { ManifestPackage } from "./release-manifest.ts";
import type { TarballIndex } from "./tarball.ts";

/** The release that a tarball's index describes; its packages are read from the blob store. */
export function releaseFromIndex(index: TarballIndex, blobs: PackageStore): Release {
	const { manifest } = index;
	const packageOf = (item: ManifestPackage, folder: string, form: ReleasePackage["form"]): ReleasePackage => {
		const blob = index.blobs[`${folder}/${item.name}.tgz`];
		return {
			name: item.name,
			fingerprint: item.fingerprint,
			dependencies: item.dependencies,
			form,
			digest: item.sha1,
			...(blob === undefined ? {} : { blob }),
			open: async () => {
				if (!blob) throw new Error(`${manifest.name}: ${folder}/${item.name}.tgz is not in the index`);
				return blobs.open(blob);
			},
		};
	};
	const packages = new Map<string, ReleasePackage>();
	for (const item of manifest.compiledPackages)
		packages.set(item.name, packageOf(item, "compiled_packages", { compiledFor: item.stemcell }));
	for (const item of manifest.packages) {
		const compiled = packages.get(item.name);
		packages.set(item.name, { ...packageOf(item, "packages", "source"), ...(compiled ? { compiled } : {}) });
	}
	return {
		name: manifest.name,
		version: manifest.version,
		commitHash: manifest.commitHash,
		uncommittedChanges: manifest.uncommittedChanges,
		jobs: new Map(index.jobs.map((job) => [job.name, { ...job, properties: new Map(job.properties) }])),
		packages,
		warnings: index.warnings,
	};
}
