import { z } from "zod";
import { type Problem, problem } from "../errors.ts";
import { distributionImages } from "./distribution-images.ts";

const text = z.string().min(1);
const kind = z.enum(["plain", "prepared", "bosh"]);

const image = z.union(
	[
		/** An image that the cloud has, as {@link distributionImages} says for each IaaS. */
		z
			.strictObject({ cloud_properties: z.record(z.string(), z.unknown()) })
			.transform(({ cloud_properties: cloudProperties }) => ({ cloudProperties })),
		/** A file that the distribution publishes; the operator brings it there. */
		z.strictObject({ file: text, from: z.url({ protocol: /^https$/, error: "an https:// address" }) }),
		/** Why there is none. */
		z.strictObject({ none: text }),
	],
	"an image is cloud_properties, or file and from, or none with the reason",
);

const images = z.record(z.string(), z.partialRecord(z.enum(["amd64", "arm64"]), image));

const schema = z.strictObject({
	os: text,
	/** Other names for it in manifests: BOSH says `ubuntu-jammy`. */
	aliases: z.array(text).optional(),
	/** The manifest's version, and which kind of image that is. */
	versions: z.record(z.string(), kind),
	/** By IaaS and processor: the distribution's own image there. */
	images: images.superRefine(checkCloudProperties),
	/** What of this system bootstrap looks for, under the name of the check; `since` is the release that brought it. */
	traps: z.array(z.strictObject({ name: text, since: text, fact: text })),
});

/** One OS line: `stemcells/<os>.yml`. */
export type StemcellLine = z.infer<typeof schema>;

/** The line that a manifest's os names, by its own name or another. */
export function lineOf<Line extends Pick<StemcellLine, "os" | "aliases">>(
	lines: readonly Line[],
	os: string,
): Line | undefined {
	return lines.find((line) => line.os === os || line.aliases?.includes(os));
}

/** The distribution's own image on one IaaS for one processor. */
export type DistributionImage = z.infer<typeof image>;

/** Reads the data of a stemcell file; every problem names its key path. */
export function parseLine(
	value: unknown,
	file: string,
): { readonly line?: StemcellLine; readonly problems: Problem[] } {
	const parsed = schema.safeParse(value);
	if (parsed.success) return { line: parsed.data, problems: [] };
	const problems = parsed.error.issues.map((issue) =>
		problem("stemcell-file", `${issue.path.join("/")}: ${issue.message}`, {
			place: { file, path: `/${issue.path.join("/")}` },
			hint: "the stemcell files that come with davit show the form",
		}),
	);
	return { problems };
}

function checkCloudProperties(value: z.infer<typeof images>, context: z.RefinementCtx): void {
	for (const [iaas, byProcessor] of Object.entries(value)) {
		const properties = distributionImages[iaas];
		if (!properties) {
			const known = Object.keys(distributionImages).join(", ");
			context.addIssue({ code: "custom", path: [iaas], message: `no such IaaS; there are ${known}` });
			continue;
		}
		for (const [arch, image] of Object.entries(byProcessor)) {
			if (!("cloudProperties" in image)) continue;
			for (const { path, message } of properties.safeParse(image.cloudProperties).error?.issues ?? [])
				context.addIssue({ code: "custom", path: [iaas, arch, "cloud_properties", ...path], message });
		}
	}
}
