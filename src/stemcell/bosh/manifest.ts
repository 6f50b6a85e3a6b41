import type { CloudProperties } from "../../cpi/cpi.ts";
import { type Problem, problem, UserError } from "../../errors.ts";
import { describeNode, entryOf, type Node, toValue } from "../../manifest/node.ts";
import { parseNode } from "../../manifest/yaml.ts";

/** What `stemcell.MF` says (bosh-cli, stemcell/stemcell.go; bosh-director, jobs/update_stemcell.rb). */
export interface BoshStemcellManifest {
	readonly name: string;
	/** As written: `1.10` stays so, quoted or not. */
	readonly version: string;
	/** `operating_system`; stemcells older than that key are known by their name. */
	readonly os: string;
	/** The contract between CPI and agent. 1 if nothing is said: an agent that asks a registry for its settings. */
	readonly apiVersion: number;
	/** `aws-raw`, `openstack-qcow2`, `google-light`; empty in old stemcells. */
	readonly formats: readonly string[];
	/** Digests of the image, one or several joined by `;`. Light stemcells carry the heavy one's, or that of nothing. */
	readonly sha1: string;
	readonly cloudProperties: CloudProperties;
}

/** Reads `stemcell.MF`. Throws a UserError with all that is wrong in it; `file` is for messages. */
export function parseStemcellManifest(text: string, file: string): BoshStemcellManifest {
	const { node } = parseNode(text, file);
	const problems: Problem[] = [];
	const fault = (key: string, what: string, at: Node | undefined) =>
		problems.push(
			problem("bad-stemcell", `${file}: ${key} ${what}`, {
				...(at ? { place: at.place } : {}),
				hint: "get the stemcell again; `bosh inspect-local-stemcell` shows what BOSH reads in it",
			}),
		);
	const find = (key: string) => entryOf(node, key)?.value;
	const required = (key: string): string => {
		const at = find(key);
		const value = textOf(at);
		if (value === undefined || value === "") fault(key, at ? `is ${described(at)}, not a text` : "is missing", at);
		return value ?? "";
	};
	const name = required("name");
	const manifest = {
		name,
		version: required("version"),
		os: textOf(find("operating_system")) || name,
		apiVersion: Number(textOf(find("api_version")) ?? 1),
		formats: listOf(find("stemcell_formats")),
		sha1: textOf(find("sha1")) ?? "",
		cloudProperties: mapOf(find("cloud_properties")),
	};
	const { apiVersion, formats, cloudProperties } = manifest;
	if (!Number.isInteger(apiVersion)) fault("api_version", "is not a whole number", find("api_version"));
	if (!formats) fault("stemcell_formats", "is not a list of texts", find("stemcell_formats"));
	if (!cloudProperties) fault("cloud_properties", "is not a map", find("cloud_properties"));
	if (problems.length > 0) throw new UserError(problems);
	return { ...manifest, formats: formats ?? [], cloudProperties: cloudProperties ?? {} };
}

/** The text, or an unquoted scalar as it was written. */
function textOf(node: Node | undefined): string | undefined {
	if (node?.kind !== "scalar" || node.value === null) return undefined;
	return typeof node.value === "string" ? node.value : (node.source ?? String(node.value));
}

function described(node: Node): string {
	return node.kind === "scalar" && node.value === "" ? "empty" : describeNode(node);
}

function listOf(node: Node | undefined): readonly string[] | undefined {
	if (isNothing(node)) return [];
	if (node?.kind !== "list") return undefined;
	const texts = node.items.map(textOf);
	return texts.every((text) => text !== undefined) ? texts : undefined;
}

function mapOf(node: Node | undefined): CloudProperties | undefined {
	if (isNothing(node)) return {};
	return node?.kind === "map" ? (toValue(node) as CloudProperties) : undefined;
}

function isNothing(node: Node | undefined): boolean {
	return node === undefined || (node.kind === "scalar" && node.value === null);
}
