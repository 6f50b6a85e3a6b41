import { z } from "zod";
import { type Problem, problem } from "../errors.ts";

const kind = z.enum(["plain", "prepared", "bosh"]);

const schema = z.strictObject({
	os: z.string().min(1),
	/** Other names for it in manifests: BOSH says `ubuntu-jammy`. */
	aliases: z.array(z.string()).optional(),
	/** The manifest's version, and which kind of image that is. */
	versions: z.record(z.string(), kind),
	/** By IaaS and processor: cloud properties that name the distribution's own image there. */
	images: z.record(z.string(), z.partialRecord(z.enum(["amd64", "arm64"]), z.record(z.string(), z.unknown()))),
	/** What bootstrap looks for on this system. */
	traps: z.array(z.string()),
});

/** One OS line: `stemcells/<os>.yml`. */
export type StemcellLine = z.infer<typeof schema>;

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
