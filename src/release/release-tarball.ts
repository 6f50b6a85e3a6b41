import type { Readable } from "node:stream";
import { type ArchiveMember, archive, bytesMember } from "./archive.ts";
import type { PackageDigest, PackageStore } from "./files.ts";
import { formatReleaseManifest, type ReleaseManifest } from "./release-manifest.ts";

/** An archive of a job or package that lies in the store. */
export interface StoredArchive {
	/** In the tarball. */
	readonly path: string;
	readonly digest: PackageDigest;
	/** Bytes. */
	readonly size: number;
}

/** Puts archives into the store, one after the other, and remembers where each goes in the tarball. */
export function collectArchives(store: PackageStore): {
	readonly stored: readonly StoredArchive[];
	readonly keep: (path: string, body: Readable) => Promise<PackageDigest>;
} {
	const stored: StoredArchive[] = [];
	return {
		stored,
		keep: async (path, body) => {
			const { digest, size } = await store.put(body);
			stored.push({ path, digest, size });
			return digest;
		},
	};
}

/** The tarball of a release, made while it is read. Its members are compressed already, so the outer gzip only wraps. */
export function releaseTarball(
	manifest: ReleaseManifest,
	stored: readonly StoredArchive[],
	texts: readonly ArchiveMember[],
	store: PackageStore,
): Readable {
	const members = stored.map(({ path, digest, size }) => ({
		path,
		size,
		executable: false,
		open: () => store.open(digest),
	}));
	return archive(
		[bytesMember("release.MF", Buffer.from(formatReleaseManifest(manifest)), false), ...members, ...texts],
		{
			compress: false,
		},
	);
}
