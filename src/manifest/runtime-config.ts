import { z } from "zod";
import { type Problem, problem } from "../errors.ts";
import { addon } from "./addon-schema.ts";
import type { Interpolated } from "./interpolate-manifest.ts";
import { appended, isNull, mergeConfigs, together } from "./merge-configs.ts";
import {
	entryOf,
	keyId,
	type ListNode,
	type MapEntry,
	type MapNode,
	type Node,
	type ScalarNode,
	toValue,
} from "./node.ts";
import { release } from "./release-schema.ts";
import { reportOn } from "./report.ts";
import { readBySchema } from "./schema-problems.ts";
import { optional, section, textMap } from "./section.ts";
import { variable } from "./variable-schema.ts";

/** A runtime config (bosh.io): addons for every deployment that their filters let in, their releases and variables, and tags. */
export const runtimeConfig = section({
	releases: optional(z.array(release)).describe("Releases of the addons."),
	addons: optional(z.array(addon)).describe("Jobs for every group that their filters let in."),
	variables: optional(z.array(variable)).describe("Values that are generated once and kept."),
	tags: optional(textMap).describe("Put on all VMs at the cloud; a manifest's own count before them."),
});

const LISTS = ["releases", "addons", "variables"];

const NOTHING: ListNode = { kind: "list", items: [], place: {} };

/**
 * The manifest with what the runtime configs add to it, so that all that is read, recorded and told later is one manifest: their releases,
 * addons and variables come after its own; of tags its own count. A release that both list in the same version is one.
 */
export function withRuntimeConfigs(manifest: Interpolated, configs: readonly Interpolated[]): Interpolated {
	const own = filterProblems(manifest);
	if (configs.length === 0) return own.length > 0 ? { ...manifest, problems: own } : manifest;
	const runtime = mergeConfigs(configs);
	const problems = [...own, ...runtime.problems];
	if (runtime.node.kind === "map") problems.push(...shapeProblems(runtime));
	if (problems.length > 0) return { ...manifest, problems };
	if (runtime.node.kind !== "map" || manifest.node.kind !== "map") return manifest;
	return together([manifest, runtime], merged(manifest.node, runtime.node), []);
}

/** A runtime config's own form: in the manifest its keys would be told as the manifest's. */
function shapeProblems(runtime: Interpolated): readonly Problem[] {
	const report = reportOn(runtime);
	readBySchema(runtimeConfig, report);
	return report.problems.filter(({ severity }) => severity === "error");
}

function merged(manifest: MapNode, runtime: MapNode): Node {
	const entries = new Map(manifest.entries);
	for (const key of LISTS) {
		const more = entryOf(runtime, key);
		if (more?.value.kind !== "list") continue;
		const former = entryOf(manifest, key);
		const list = former?.value.kind === "list" ? former.value : { ...NOTHING, place: more.value.place };
		const items = key === "releases" ? newReleases(list, more.value.items) : more.value.items;
		put(entries, former?.key ?? more.key, appended(list, items));
	}
	const tags = entryOf(runtime, "tags");
	if (tags?.value.kind === "map") {
		const former = entryOf(manifest, "tags")?.value;
		const both = new Map([...tags.value.entries, ...(former?.kind === "map" ? former.entries : [])]);
		put(entries, tags.key, { ...tags.value, entries: both });
	}
	return { ...manifest, entries };
}

function put(entries: Map<string, MapEntry>, key: ScalarNode, value: Node): void {
	entries.set(keyId(key), { key, value });
}

/** Those that the manifest doesn't list in the same version. */
function newReleases(listed: ListNode, more: readonly Node[]): readonly Node[] {
	const nameOf = (node: Node) => {
		const { name, version } = toValue(node) as { name?: unknown; version?: unknown };
		return `${String(name)}/${String(version)}`;
	};
	const known = new Set(listed.items.filter(({ kind }) => kind === "map").map(nameOf));
	return more.filter((node) => !known.has(nameOf(node)));
}

/** In a manifest an addon is for this deployment anyway: BOSH refuses the filter there. */
function filterProblems({ node }: Interpolated): readonly Problem[] {
	const addons = entryOf(node, "addons")?.value;
	if (addons?.kind !== "list") return [];
	return addons.items.flatMap((item) =>
		["include", "exclude"].flatMap((side) => {
			const entry = entryOf(entryOf(item, side)?.value, "deployments");
			if (!entry || isNull(entry.value)) return [];
			const message = `an addon of a manifest can't have ${side}: deployments, it is for this deployment anyway`;
			const hint = "remove the filter, or move the addon to a runtime config (--runtime-config)";
			return [problem("addon-filter", message, { place: entry.key.place, hint })];
		}),
	);
}
