import type { ReleaseRef } from "../manifest/deployment.ts";
import type { CompiledPackage, DeploymentRecord } from "../state/state.ts";
import type { StemcellName } from "../stemcell/stemcell.ts";
import type { UploadedStemcell } from "../stemcell/uploaded.ts";

/** What a deployment needs, so that its next deploy, and the way back from that, find it. */
export interface Use {
	readonly deployment: string;
	/** A deploy of it has begun and not finished. */
	readonly unfinished: boolean;
	/** Of the manifests that are recorded. */
	readonly stemcells: readonly StemcellName[];
	readonly releaseRefs: readonly ReleaseRef[];
	/** As the last finished deploy used them. */
	readonly releases: DeploymentRecord["releases"];
	/** `OS/VERSION` of its VMs. */
	readonly vmStemcells: readonly string[];
	/** Keys of the compiled packages on its VMs. */
	readonly vmPackages: ReadonlySet<string>;
}

/** Names of the deployments that need an image. */
export function usersOfStemcell(stemcell: StemcellName, uses: readonly Use[]): readonly string[] {
	return uses.filter((use) => usesStemcell(stemcell, use)).map(({ deployment }) => deployment);
}

/** Names of the deployments that need an uploaded stemcell: manifests may name its operating system, or itself. */
export function usersOfUploaded(
	{ os, name, version }: Pick<UploadedStemcell, "os" | "name" | "version">,
	uses: readonly Use[],
): readonly string[] {
	return uses
		.filter((use) => [os, name].some((each) => usesStemcell({ os: each, version }, use)))
		.map(({ deployment }) => deployment);
}

/** An image may have another version than the manifest writes (`latest`): only VMs tell which one it is. */
function usesStemcell({ os, version }: StemcellName, { unfinished, stemcells, vmStemcells }: Use): boolean {
	if (vmStemcells.includes(`${os}/${version}`)) return true;
	const wanted = stemcells.filter((each) => each.os === os);
	if (wanted.length === 0) return false;
	const unknown = unfinished || !vmStemcells.some((each) => each.startsWith(`${os}/`));
	return unknown || wanted.some((each) => each.version === version);
}

/** Names of the deployments that need a release. */
export function usersOfRelease(
	{ name, version }: { readonly name: string; readonly version: string },
	uses: readonly Use[],
): readonly string[] {
	const isWanted = ({ releaseRefs, releases, unfinished }: Use) =>
		releases[`${name}/${version}`] !== undefined ||
		releaseRefs.some(
			(ref) => ref.name === name && (ref.version === version || (unfinished && ref.version === "latest")),
		);
	return uses.filter(isWanted).map(({ deployment }) => deployment);
}

/** True if a deployment needs a compiled package: one of its VMs has it, or one that is made anew would get it. */
export function isPackageUsed({ key, about }: CompiledPackage, uses: readonly Use[]): boolean {
	return uses.some((use) => {
		if (use.vmPackages.has(key)) return true;
		// An older davit did not note what it is.
		if (!about) return use.unfinished;
		if (!usesStemcell(about.stemcell, use)) return false;
		const fingerprints = Object.values(use.releases).map(({ packages }) => packages[about.package]);
		const begun = use.unfinished && use.releaseRefs.some(({ name }) => name === about.release);
		return begun || fingerprints.includes(about.fingerprint);
	});
}
