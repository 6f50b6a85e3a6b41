import { z } from "zod";
import type { Addon, AddonFilter } from "./deployment.ts";
import { job } from "./job-schema.ts";
import { compact, ignored, names, optional, section, text } from "./section.ts";

const filter = section({
	stemcell: optional(z.array(section({ os: text }))),
	deployments: optional(names),
	jobs: optional(z.array(section({ name: text, release: text }))),
	instance_groups: optional(names),
	networks: optional(names),
	azs: optional(names),
	lifecycle: optional(z.enum(["service", "errand"])),
	teams: ignored,
}).transform(
	(given): AddonFilter =>
		compact({
			stemcell: given.stemcell,
			deployments: given.deployments,
			jobs: given.jobs,
			instanceGroups: given.instance_groups,
			networks: given.networks,
			azs: given.azs,
			lifecycle: given.lifecycle,
		}),
);

/** Jobs for every instance that the filters let through. */
export const addon = section(
	{ name: text, jobs: z.array(job), include: optional(filter), exclude: optional(filter) },
	{ notYet: { properties: "give each job of the addon its own properties" } },
).transform(
	(given): Addon => ({
		name: given.name,
		jobs: given.jobs,
		...compact({ include: given.include, exclude: given.exclude }),
	}),
);
