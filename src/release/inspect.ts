import type { Release } from "./release.ts";

/** One row of `davit inspect-release`: a job or a package. */
export interface InspectedRow {
	readonly kind: "job" | "package";
	readonly name: string;
	readonly fingerprint: string;
	/** Digests of the archive as `release.MF` gives them; empty for a folder. */
	readonly digest: string;
	/** `ubuntu-jammy/1.10` of a compiled package; else empty. */
	readonly stemcell: string;
	/** Of a job its packages, of a package its dependencies. */
	readonly needs: readonly string[];
}

/** What a release holds, for people and for `--json`: jobs, then packages, each sorted by name. */
export function inspectRelease(release: Release): readonly InspectedRow[] {
	const byName = (a: { readonly name: string }, b: { readonly name: string }) => (a.name < b.name ? -1 : 1);
	const jobs = [...release.jobs.values()].sort(byName).map(
		({ name, fingerprint, digest = "", packages }): InspectedRow => ({
			kind: "job",
			name,
			fingerprint,
			digest,
			stemcell: "",
			needs: packages,
		}),
	);
	const all = [...release.packages.values()].flatMap((item) => (item.compiled ? [item, item.compiled] : [item]));
	const packages = all.sort(byName).map(
		({ name, fingerprint, digest = "", form, dependencies }): InspectedRow => ({
			kind: "package",
			name,
			fingerprint,
			digest,
			stemcell: form === "source" ? "" : form.compiledFor,
			needs: dependencies,
		}),
	);
	return [...jobs, ...packages];
}
