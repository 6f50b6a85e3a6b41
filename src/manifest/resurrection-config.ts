import { z } from "zod";
import type { Problem } from "../errors.ts";
import type { Amount } from "./deployment.ts";
import type { Interpolated } from "./interpolate-manifest.ts";
import { mergeConfigs } from "./merge-configs.ts";
import { reportOn } from "./report.ts";
import { readBySchema } from "./schema-problems.ts";
import { compact, flag, names, optional, section } from "./section.ts";
import { amount } from "./update-schema.ts";

const filter = section({
	deployments: optional(names).describe("Deployments by name."),
	instance_groups: optional(names).describe("Groups by name."),
}).transform((given) => compact({ deployments: given.deployments, instanceGroups: given.instance_groups }));

const rule = section({
	enabled: flag.describe("false: instances that the filters let through are not repaired."),
	include: optional(filter).describe(
		"What the rule is about: all of these keys must fit, of each one entry; without it, everything.",
	),
	exclude: optional(filter).describe("What it is not about."),
}).transform(({ enabled, include, exclude }) => ({ enabled, ...compact({ include, exclude }) }));

/** Seconds. */
const seconds = z.int().min(0).max(86_400);

/** A resurrection config (bosh.io), and how much may be repaired at once, which is davit's own. */
export const resurrectionConfig = section({
	rules: optional(z.array(rule)).describe(
		"All rules that fit an instance must have enabled: true; one that none fits is repaired.",
	),
	max_in_flight: optional(amount).describe(
		"davit's own. How many VMs of a deployment, and of each AZ, are repaired at a time: a count, or a percentage rounded down (20%); one always may be.",
	),
	max_per_hour: optional(z.int().min(0)).describe(
		"davit's own. So many repairs of a deployment within an hour, then a person has to look. Twice its instances and at least 6, unless given.",
	),
	back_off: optional(z.array(seconds).refine(({ length }) => length > 0, "a list of seconds such as [0, 60]")).describe(
		"davit's own. Seconds from an instance's repair to its next, by how many it had within the hour; the last holds for all after it ([0, 60, 300, 900]).",
	),
});

interface Filter {
	readonly deployments?: readonly string[];
	readonly instanceGroups?: readonly string[];
}

export interface ResurrectionRule {
	readonly enabled: boolean;
	readonly include?: Filter;
	readonly exclude?: Filter;
}

/** What one or several resurrection configs say together. */
export interface Resurrection {
	readonly rules: readonly ResurrectionRule[];
	readonly maxInFlight?: Amount;
	readonly maxPerHour?: number;
	/** Seconds. */
	readonly backOff?: readonly number[];
}

/** Reads them as one: rules add up. Without `resurrection` if anything is wrong. */
export function readResurrection(configs: readonly Interpolated[]): {
	readonly resurrection?: Resurrection;
	readonly problems: readonly Problem[];
} {
	const merged = mergeConfigs(configs);
	if (merged.problems.length > 0) return { problems: merged.problems };
	const report = reportOn(merged);
	const read = readBySchema(resurrectionConfig, report);
	if (!read) return { problems: report.problems };
	const { rules = [], max_in_flight: maxInFlight, max_per_hour: maxPerHour, back_off: backOff } = read;
	if (maxInFlight && "percent" in maxInFlight && maxInFlight.percent > 50)
		report.warn(
			"many-at-once",
			"/max_in_flight",
			`${maxInFlight.percent} % of the VMs may be recreated at once`,
			"give 20%, or leave it out, which is the same",
		);
	return { resurrection: { rules, ...compact({ maxInFlight, maxPerHour, backOff }) }, problems: report.problems };
}

/** Whether instances of a group are repaired: all rules that fit it say so, or none fits. As BOSH's Health Monitor (resurrection_manager.rb). */
export function isResurrected(rules: readonly ResurrectionRule[], deployment: string, group: string): boolean {
	const fits = ({ deployments, instanceGroups }: Filter) =>
		(deployments === undefined || deployments.includes(deployment)) &&
		(instanceGroups === undefined || instanceGroups.includes(group));
	return rules.every(
		({ enabled, include, exclude }) =>
			enabled || (include !== undefined && !fits(include)) || (exclude !== undefined && fits(exclude)),
	);
}
