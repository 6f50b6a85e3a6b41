import type { Cloud } from "./cloud.ts";
import { cloudPropertyNames, type PropertyHolder } from "./cloud-property-names.ts";
import type { ValueMap } from "./deployment.ts";
import { nearest } from "./nearest.ts";
import { escapeKey } from "./path.ts";
import type { Report } from "./report.ts";

interface Held {
	readonly path: string;
	readonly holder: PropertyHolder;
	readonly properties: ValueMap;
}

interface Doubt {
	readonly message: string;
	readonly hint: string;
}

/**
 * Warns of cloud properties that the cloud's CPI passes over: misspelt ones, and those of another IaaS. Where no CPI is named, the IaaS is
 * the one that knows most of the properties.
 */
export function checkCloudProperties(cloud: Cloud, report: Report): void {
	const all = held(cloud);
	const types = cloud.cpis.length > 0 ? cloud.cpis.map(({ type }) => (type === "gcp" ? "google" : type)) : likely(all);
	if (types.length === 0 || types.some((type) => cloudPropertyNames[type] === undefined)) return;
	const doubts = all.flatMap(({ path, holder, properties }) =>
		Object.entries(properties).flatMap(([key, value]) => {
			const at = `${path}/cloud_properties/${escapeKey(key)}`;
			const doubt = unknownProperty(key, holder, types);
			if (doubt) return [{ ...doubt, at }];
			return unknownWithin(key, value, types).map(([inner, found]) => ({ ...found, at: `${at}/${escapeKey(inner)}` }));
		}),
	);
	for (const [message, [first, ...more]] of Map.groupBy(doubts, (doubt) => doubt.message)) {
		const lines = more.map(({ at }) => report.source.place(at).line);
		const also = lines.length === 0 ? "" : ` (so at ${lines.length === 1 ? "line" : "lines"} ${lines.join(", ")})`;
		if (first) report.warn("cloud-property", first.at, `${message}${also}`, first.hint);
	}
}

function held({ azs, networks, vmTypes, vmExtensions, diskTypes }: Cloud): readonly Held[] {
	const of = (holder: PropertyHolder, list: string, items: readonly { readonly cloudProperties: ValueMap }[]) =>
		items.map(({ cloudProperties }, index) => ({ path: `/${list}/${index}`, holder, properties: cloudProperties }));
	const subnets = networks.flatMap((network, index) =>
		network.type === "vip" ? [] : of("network", `networks/${index}/subnets`, network.subnets),
	);
	return [
		...of("az", "azs", azs),
		...subnets,
		...of("vm", "vm_types", vmTypes),
		...of("vm", "vm_extensions", vmExtensions),
		...of("disk", "disk_types", diskTypes),
	];
}

/** The IaaS that knows more of the properties than any other. */
function likely(all: readonly Held[]): readonly string[] {
	const counts = Object.entries(cloudPropertyNames).map(([type, names]) => {
		const known = all.flatMap(({ holder, properties }) =>
			Object.keys(properties).filter((key) => names[holder].has(key)),
		);
		return { type, count: known.length };
	});
	const most = Math.max(...counts.map(({ count }) => count));
	const best = counts.filter(({ count }) => count === most).map(({ type }) => type);
	// A cloud that is none of these shares a word with one of them.
	const total = all.flatMap(({ properties }) => Object.keys(properties)).length;
	return best.length === 1 && most * 2 > total ? best : [];
}

/** Undefined if one of the CPIs takes the property. */
function unknownProperty(key: string, holder: PropertyHolder, types: readonly string[]): Doubt | undefined {
	if (types.some((type) => cloudPropertyNames[type]?.[holder].has(key))) return undefined;
	const own = types.flatMap((type) => [...(cloudPropertyNames[type]?.[holder] ?? [])]);
	const others = Object.keys(cloudPropertyNames).filter((type) => cloudPropertyNames[type]?.[holder].has(key));
	const of = others.length > 0 ? `, which is a property of ${others.join(" and ")}` : "";
	const guess = others.length > 0 ? undefined : nearest(key, own);
	const hint =
		guess === undefined ? "remove it, or write what this cloud's CPI has for it" : `did you mean "${guess}"?`;
	return { message: `the CPI of ${types.join(", ")} passes over "${key}"${of}`, hint };
}

/** What is doubtful inside a property that is a map, by key. */
function unknownWithin(
	property: string,
	value: unknown,
	types: readonly string[],
): readonly (readonly [string, Doubt])[] {
	const names = types.flatMap((type) => [...(cloudPropertyNames[type]?.within[property] ?? [])]);
	if (names.length === 0 || typeof value !== "object" || value === null || Array.isArray(value)) return [];
	return Object.keys(value).flatMap((key) => {
		if (names.includes(key)) return [];
		const guess = nearest(key, names);
		const hint = guess === undefined ? `the keys here are ${names.join(", ")}` : `did you mean "${guess}"?`;
		return [[key, { message: `the CPI of ${types.join(", ")} passes over "${key}" of ${property}`, hint }] as const];
	});
}
