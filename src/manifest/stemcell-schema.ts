import { z } from "zod";
import type { StemcellChoice } from "./cloud.ts";
import { compact, optional, section, text, valueMap } from "./section.ts";

/** An entry of the cloud file's `stemcells:`: which image a manifest's stemcell is. */
export const stemcellChoice = section({
	os: text.describe("The manifest's os."),
	version: text.describe("The manifest's version."),
	kind: z
		.enum(["plain", "prepared", "bosh"])
		.describe(
			"plain: a distribution's image; prepared: made by davit build-stemcell; bosh: a published BOSH stemcell.",
		),
	file: optional(text).describe("The image or stemcell archive; a path counts from this file's folder."),
	cloud_properties: optional(valueMap).describe("Where the image is at the cloud already."),
});

/** The entries; files are still as written. */
export function readStemcellChoices(
	given: readonly z.output<typeof stemcellChoice>[] | undefined,
): readonly StemcellChoice[] {
	return (given ?? []).map(({ os, version, kind, file, cloud_properties: cloudProperties }) => ({
		os,
		version,
		kind,
		...compact({ file, cloudProperties }),
	}));
}
