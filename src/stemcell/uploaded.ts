import { compareVersions } from "../release/compare-versions.ts";
import type { BoshStemcell } from "./bosh/archive.ts";
import type { StemcellName } from "./stemcell.ts";

/** A BOSH stemcell that `davit upload-stemcell` has kept. */
export interface UploadedStemcell extends Pick<BoshStemcell, "name" | "os" | "version" | "formats" | "light" | "sha1"> {
	/** Its tarball. */
	readonly file: string;
	/** Bytes of the tarball. */
	readonly size: number;
}

/**
 * The one that a manifest means: by its operating system or its own name, and its version; of `latest`, the newest. One that the cloud takes
 * goes before another of that version.
 */
export function uploadedFor(
	{ os, version }: StemcellName,
	stemcellFormats: readonly string[],
	uploaded: readonly UploadedStemcell[],
): UploadedStemcell | undefined {
	const fits = ({ formats }: UploadedStemcell) =>
		formats.length === 0 || formats.some((format) => stemcellFormats.includes(format));
	const named = uploaded.filter(
		(each) => (each.os === os || each.name === os) && (version === "latest" || each.version === version),
	);
	const [first] = named.sort((a, b) => Number(fits(b)) - Number(fits(a)) || compareVersions(b.version, a.version));
	return first;
}
