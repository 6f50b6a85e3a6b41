import { z } from "zod";
import type { StemcellChoice } from "./cloud.ts";
import { compact, optional, section, text, valueMap } from "./section.ts";

/** An entry of the cloud file's `stemcells:`: which image a manifest's stemcell is. */
export const stemcellChoice = section({
	os: text,
	version: text,
	kind: z.enum(["plain", "prepared", "bosh"]),
	file: optional(text),
	cloud_properties: optional(valueMap),
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
