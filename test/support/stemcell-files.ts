import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { toValue } from "../../src/manifest/node.ts";
import { parseNode } from "../../src/manifest/yaml.ts";
import { parseLine, type StemcellLine } from "../../src/stemcell/line.ts";

const folder = join(import.meta.dirname, "../../stemcells");

/** The names of the stemcell files that come with davit, in order. */
export const stemcellFiles: readonly string[] = readdirSync(folder)
	.filter((file) => file.endsWith(".yml") && file !== "packages.yml")
	.sort();

/** Reads one of them. Throws if it has a problem or a warning. */
export function readStemcellFile(file: string): StemcellLine {
	const { node, warnings } = parseNode(readFileSync(join(folder, file), "utf8"), file);
	const { line, problems } = parseLine(toValue(node), file);
	if (!line || warnings.length > 0)
		throw new Error([...problems, ...warnings].map(({ message }) => message).join("\n"));
	return line;
}

/** davit's eleven. */
export const elevenIaas = [
	"openstack",
	"vsphere",
	"aws",
	"gcp",
	"azure",
	"naver",
	"nhn",
	"kt",
	"cloudstack",
	"alicloud",
	"libvirt",
] as const;

/** The processors that images are for. */
export const processors = ["amd64", "arm64"] as const;
