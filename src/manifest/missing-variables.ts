import type { Reference } from "./interpolate.ts";
import { missingVariable } from "./interpolate-manifest.ts";
import { entryOf, toValue } from "./node.ts";
import type { Report } from "./report.ts";

/** Where a deploy can put generated values: BOSH fills properties, env and the options of other variables. */
const FILLED_LATER =
	/^\/(instance_groups|addons)\/\d+\/((jobs\/\d+\/)?properties|env|jobs\/\d+\/consumes\/[^/]+\/properties)(\/|$)|^\/variables\/\d+\/options\//;

/** One problem for each variable that no source gives and `variables:` does not define, and for generated ones in the wrong place. */
export function reportMissing(all: readonly Reference[], report: Report): void {
	const references = all.filter(({ place }) => !place.path?.startsWith("/properties/"));
	const defined = definedNames(report);
	const unknown = Map.groupBy(
		references.filter(({ name }) => !defined.has(name)),
		({ name }) => name,
	);
	for (const [name, uses] of unknown)
		report.problems.push(
			missingVariable(
				name,
				uses.map(({ place }) => place),
			),
		);
	for (const { name, place } of references) {
		const path = place.path ?? "";
		if (!defined.has(name) || FILLED_LATER.test(path)) continue;
		const message = `((${name})) is generated while deploying, so it can't stand at ${path}: only properties and env may use it`;
		report.problems.push({
			severity: "error",
			code: "variable-too-late",
			message,
			place,
			hint: `give it with -v ${name}=… or in a vars file (-l)`,
		});
	}
}

function definedNames(report: Report): ReadonlySet<string> {
	const list = entryOf(report.source.node, "variables")?.value;
	if (list?.kind !== "list") return new Set();
	return new Set(
		list.items.flatMap((item) => (item.kind === "map" ? [String((toValue(item) as { name?: unknown }).name)] : [])),
	);
}
