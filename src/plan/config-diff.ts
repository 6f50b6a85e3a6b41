import { canonicalJson } from "../digest.ts";
import type { Value, ValueMap } from "../manifest/deployment.ts";
import { formatYaml } from "../manifest/format.ts";
import { looksSecret } from "../manifest/warn-of-secrets.ts";
import { hideSecrets } from "./value-changes.ts";

/** A line of YAML that is in both, or in one alone. */
export interface DiffLine {
	readonly change?: "added" | "removed";
	/** With its indentation. */
	readonly text: string;
}

/**
 * Where two configs differ, as BOSH's director shows it (bosh-director, changeset.rb): with the keys above, items of a list found again by
 * their `name`; what stands in another order is no difference. What is named like a secret is hidden, though that it differs is shown.
 */
export function configDiff(from: Value, to: Value): readonly DiffLine[] {
	return differences(from, to, { indent: "", secret: false });
}

interface Spot {
	readonly indent: string;
	/** It stands below a key that is named like a secret. */
	readonly secret: boolean;
}

function differences(from: Value | undefined, to: Value | undefined, spot: Spot): readonly DiffLine[] {
	if (isMap(from) && isMap(to)) return mapDifferences(from, to, spot);
	if (Array.isArray(from) && Array.isArray(to)) return listDifferences(from, to, spot);
	if (isSame(from, to)) return [];
	return [...whole(from, "removed", spot), ...whole(to, "added", spot)];
}

function mapDifferences(from: ValueMap, to: ValueMap, { indent, secret }: Spot): readonly DiffLine[] {
	const keys = [...new Set([...Object.keys(from), ...Object.keys(to)])];
	return keys.flatMap((key) => {
		const [before, after] = [from[key], to[key]];
		const hidden = secret || looksSecret(key);
		const one = (value: Value | undefined) => (value === undefined ? undefined : { [key]: value });
		if (before === undefined || after === undefined || !isNested(before, after)) {
			if (isSame(before, after)) return [];
			const spot = { indent, secret };
			return [...whole(one(before), "removed", spot), ...whole(one(after), "added", spot)];
		}
		const inner = Array.isArray(before) ? indent : `${indent}  `;
		const found = differences(before, after, { indent: inner, secret: hidden });
		return found.length === 0 ? [] : [{ text: `${indent}${formatYaml(key).trimEnd()}:` }, ...found];
	});
}

function listDifferences(from: readonly Value[], to: readonly Value[], spot: Spot): readonly DiffLine[] {
	const named = new Map(to.flatMap((item) => (nameOf(item) === undefined ? [] : [[nameOf(item), item] as const])));
	const partnerOf = (item: Value) => {
		const name = nameOf(item);
		return name === undefined ? to.find((other) => isSame(item, other)) : named.get(name);
	};
	const changed = from.flatMap((item) => {
		const partner = partnerOf(item);
		if (partner === undefined) return whole([item], "removed", spot);
		const found = differences(item, partner, { ...spot, indent: `${spot.indent}  ` });
		return found.length === 0 ? [] : [{ text: `${spot.indent}- name: ${nameOf(item)}` }, ...found];
	});
	const former = new Set(from.map(partnerOf));
	const added = to.filter((item) => !former.has(item) && !from.some((other) => isSame(item, other)));
	return [...changed, ...added.flatMap((item) => whole([item], "added", spot))];
}

function whole(value: Value | undefined, change: "added" | "removed", { indent, secret }: Spot): readonly DiffLine[] {
	if (value === undefined) return [];
	const lines = formatYaml(hideSecrets(value, secret) as Value)
		.trimEnd()
		.split("\n");
	return lines.map((line) => ({ change, text: `${indent}${line}` }));
}

/** The name of a list's item that has one, and more. */
function nameOf(item: Value): string | undefined {
	return isMap(item) && typeof item.name === "string" ? item.name : undefined;
}

function isNested(one: Value, other: Value): boolean {
	return (isMap(one) && isMap(other)) || (Array.isArray(one) && Array.isArray(other));
}

function isSame(one: Value | undefined, other: Value | undefined): boolean {
	return canonicalJson([one]) === canonicalJson([other]) && (one === undefined) === (other === undefined);
}

function isMap(value: Value | undefined): value is ValueMap {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}
