import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { DistributionImage, StemcellLine } from "../../../src/stemcell/line.ts";
import { elevenIaas, processors, readStemcellFile, stemcellFiles } from "../../support/stemcell-files.ts";

const document = join(import.meta.dirname, "../../../docs/stemcells.md");
const lines = stemcellFiles.map(readStemcellFile);

test("docs/stemcells.md shows what stands in the stemcell files", async () => {
	const written = /^.*?<!-- What follows .*?-->\n/s.exec(readFileSync(document, "utf8"))?.[0];
	expect(written).toBeDefined();
	const tables = [...lines.map(imagesOf), trapsOf()].join("\n");
	await expect(`${written}\n${tables}`).toMatchFileSnapshot(document);
});

function imagesOf({ os, aliases = [], images }: StemcellLine): string {
	const rows = elevenIaas.map((iaas) => [iaas, ...processors.map((arch) => cellOf(images[iaas]?.[arch]))]);
	const names = aliases.map((alias) => `\`${alias}\``).join(", ");
	return `## ${os}\n\nAlso ${names}.\n\n${table([["IaaS", ...processors], ...rows])}`;
}

function cellOf(image: DistributionImage | undefined): string {
	if (!image) return "";
	if ("none" in image) return image.none;
	if ("file" in image) return `[${image.file}](${image.from}${image.file})`;
	return propertiesOf(image.cloudProperties, "").join("<br>");
}

function propertiesOf(properties: object, path: string): string[] {
	return Object.entries(properties).flatMap(([key, value]: [string, unknown]) =>
		typeof value === "object" && value !== null && !Array.isArray(value)
			? propertiesOf(value, `${path}${key}.`)
			: [`\`${path}${key}: ${Array.isArray(value) ? value.join(", ") : value}\``],
	);
}

function trapsOf(): string {
	const systems = new Map<string, string[]>();
	for (const { os, traps } of lines)
		for (const { name, since, fact } of traps) {
			const row = [`\`${name}\``, since, fact].join("\n");
			systems.set(row, [...(systems.get(row) ?? []), os]);
		}
	const rows = [...systems]
		.map(([row, oss]) => [...row.split("\n"), oss.join(", ")])
		.sort(([a = ""], [b = ""]) => a.localeCompare(b, "en"));
	return `## What bootstrap looks for\n\n${table([["check", "since", "what it is", "systems"], ...rows])}`;
}

function table([head = [], ...rows]: readonly (readonly string[])[]): string {
	return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |\n`).join("");
}
