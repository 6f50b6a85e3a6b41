import type { Readable } from "node:stream";
import { type Problem, problem, UserError } from "../../errors.ts";
import { type Digests, digester, digestMismatch } from "../../release/digests.ts";
import { collect } from "../../release/job-archive.ts";
import { unarchive } from "../../release/unarchive.ts";
import { type BoshStemcellManifest, parseStemcellManifest } from "./manifest.ts";
import { parsePackageList } from "./packages.ts";

/** A published BOSH stemcell, read. Plain data: it can be kept, so that an unchanged file is never read again. */
export interface BoshStemcell extends BoshStemcellManifest {
	/** A light one is a reference in `cloudProperties` to an image that the cloud has; a heavy one brings its image. */
	readonly light: boolean;
	/** Bytes; 0 if light. */
	readonly imageSize: number;
	/** Version by package name, as far as the stemcell lists them. */
	readonly packages: Readonly<Record<string, string>>;
}

interface Members {
	manifest?: string;
	packages?: string;
	image?: { readonly size: number; readonly digests: Digests };
	isRelease?: true;
}

/** The longest text file of a stemcell that is read; a package list has some 100 kB. */
const TEXT_LIMIT = 16 * 1024 * 1024;

/**
 * Reads a stemcell tarball, light or heavy, in one pass: nothing is unpacked, the image passes by and is checked. Members may come in any
 * order. `name` is what messages call it.
 * @throws UserError with everything that is wrong: a broken archive, no stemcell, an image that is missing or whose digest differs.
 */
export async function readBoshStemcell(source: Readable, name: string): Promise<BoshStemcell> {
	const members = await readMembers(source, name);
	if (members.manifest === undefined) throw new UserError(notAStemcell(name, members.isRelease ?? false));
	const manifest = parseStemcellManifest(members.manifest, `${name}: stemcell.MF`);
	const imageSize = members.image?.size ?? 0;
	const light = imageSize === 0;
	if (light && manifest.formats.length > 0 && !manifest.formats.some(isLightFormat))
		throw new UserError(missingImage(name, manifest.formats));
	if (!light && members.image) verifyImage(manifest, members.image.digests, name);
	return { ...manifest, light, imageSize, packages: parsePackageList(members.packages ?? "") };
}

async function readMembers(source: Readable, name: string): Promise<Members> {
	const members: Members = {};
	await unarchive(source, name, async ({ path, size }, body) => {
		if (path === "image") {
			const all = digester();
			for await (const chunk of body) all.update(chunk);
			members.image = { size, digests: all.digests() };
		} else if (path === "release.MF") members.isRelease = true;
		else if (size > TEXT_LIMIT) return;
		else if (path === "stemcell.MF") members.manifest = (await collect(body)).toString("utf8");
		else if (path === "packages.txt") members.packages = (await collect(body)).toString("utf8");
	});
	return members;
}

/** @throws UserError if the image isn't the one that stemcell.MF tells of. One that tells of none is taken as it is. */
export function verifyImage(manifest: Pick<BoshStemcellManifest, "sha1">, actual: Digests, name: string): void {
	const mismatch = manifest.sha1 === "" ? undefined : digestMismatch(manifest.sha1, actual);
	if (!mismatch) return;
	const what = `its image has the checksum ${mismatch.actual}, its stemcell.MF says ${mismatch.expected}`;
	throw new UserError(
		problem("checksum-mismatch", `${name}: ${what}`, {
			hint: "the stemcell was changed or damaged: get it again",
		}),
	);
}

function isLightFormat(format: string): boolean {
	return format.endsWith("-light");
}

function notAStemcell(name: string, isRelease: boolean): Problem {
	const what = isRelease ? "it is a release" : "it holds no stemcell.MF";
	return problem("not-a-stemcell", `${name} is no stemcell: ${what}`, {
		hint: isRelease
			? "releases stand under releases: of the manifest; give the .tgz of a stemcell here"
			: "give the .tgz of a published BOSH stemcell; a cloud image by itself is the kind plain or prepared",
	});
}

function missingImage(name: string, formats: readonly string[]): Problem {
	return problem("no-stemcell-image", `${name} holds no image, and its formats (${formats.join(", ")}) need one`, {
		hint: "get the stemcell again; one that only names an image of the cloud has a format ending in -light",
	});
}
