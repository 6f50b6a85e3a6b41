import type { CloudProperties } from "../cpi/cpi.ts";

/**
 * What a stemcell is made of. `plain`: a distribution's cloud image, completed at bootstrap. `prepared`: built by `davit build-stemcell`.
 * `bosh`: a published BOSH stemcell. `local`: the embedded provider's, which boots this machine's own system.
 */
export type StemcellKind = "plain" | "prepared" | "bosh" | "local";

/** A manifest's stemcell. */
export interface StemcellName {
	readonly os: string;
	readonly version: string;
}

/** An image at the cloud, or a file that is brought there. */
export type StemcellSource =
	| { readonly from: "cloud"; readonly cloudProperties: CloudProperties }
	| { readonly from: "file"; readonly file: string };

/** What VMs boot on one cloud for one stemcell of the manifest. */
export interface Stemcell extends StemcellName {
	readonly kind: StemcellKind;
	/** As the image calls itself, where it does; else the manifest's. Another version needs other VMs. */
	readonly version: string;
	readonly source: StemcellSource;
}

/** An image that `davit build-stemcell` made, as the file beside it says. */
export interface BuiltImage {
	readonly os: string;
	readonly arch: string;
	readonly kind: "plain" | "prepared";
	/** Same packages, same version. */
	readonly version: string;
	/** The image's path. */
	readonly file: string;
}
