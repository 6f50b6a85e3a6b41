import { type Problem, problem } from "../../errors.ts";
import type { StemcellName } from "../stemcell.ts";
import type { BoshStemcell } from "./archive.ts";

/** Registry-less agents begin with 2; 3 adds signed URLs for blobs, which davit doesn't use. */
const API_VERSIONS = { least: 2, most: 3 };

/**
 * Why this stemcell can't serve as what the manifest names on this cloud; empty if it can. A stemcell or CPI that says nothing about
 * formats fits, as with the director. `file` is for messages.
 */
export function boshStemcellProblems(
	stemcell: BoshStemcell,
	wanted: StemcellName,
	cpi: { readonly name: string; readonly stemcellFormats: readonly string[] },
	file: string,
): readonly Problem[] {
	return [
		...otherStemcell(stemcell, wanted, file),
		...apiProblems(stemcell, file),
		...formatProblems(stemcell, cpi, file),
	];
}

function otherStemcell(stemcell: BoshStemcell, { os, version }: StemcellName, file: string): readonly Problem[] {
	const sameOs = os === stemcell.os || os === stemcell.name;
	if (sameOs && (version === "latest" || version === stemcell.version)) return [];
	const quoted = sameOs && Number(version) === Number(stemcell.version);
	return [
		problem(
			"stemcell-differs",
			`the manifest wants stemcell ${os}/${version}, but ${file} holds ${stemcell.os}/${stemcell.version}`,
			{
				hint: quoted
					? `YAML read the version as a number: write version: "${stemcell.version}" with quotes`
					: "give the file of the stemcell that the manifest names, or change its os and version",
			},
		),
	];
}

function apiProblems({ apiVersion, os, version }: BoshStemcell, file: string): readonly Problem[] {
	const { least, most } = API_VERSIONS;
	if (apiVersion >= least && apiVersion <= most) return [];
	const old = apiVersion < least;
	const why = old ? "its agent would ask a registry for its settings" : `davit knows up to ${most}`;
	return [
		problem("stemcell-api-version", `${file}: stemcell ${os}/${version} has API version ${apiVersion}: ${why}`, {
			hint: old ? "take a newer version of this stemcell" : "take an older version of it, or a newer davit",
		}),
	];
}

function formatProblems(
	{ formats, os, version, cloudProperties }: BoshStemcell,
	cpi: { readonly name: string; readonly stemcellFormats: readonly string[] },
	file: string,
): readonly Problem[] {
	if (formats.length === 0 || cpi.stemcellFormats.length === 0) return [];
	if (formats.some((format) => cpi.stemcellFormats.includes(format))) return [];
	const { infrastructure } = cloudProperties;
	const made = typeof infrastructure === "string" ? ` It was made for ${infrastructure}.` : "";
	return [
		problem(
			"stemcell-format",
			`${file}: stemcell ${os}/${version} comes as ${formats.join(", ")}, which CPI ${cpi.name} does not take.${made}`,
			{ hint: `take the stemcell of that version with one of the formats ${cpi.stemcellFormats.join(", ")}` },
		),
	];
}
