import { z } from "zod";
import type { Addon, AddonFilter } from "./deployment.ts";
import { job } from "./job-schema.ts";
import { compact, ignored, names, optional, section, text } from "./section.ts";

const filter = section({
	stemcell: optional(z.array(section({ os: text.describe("Operating system of a stemcell.") }))).describe(
		"Groups on these operating systems.",
	),
	deployments: optional(names).describe("Deployments by name; in a runtime config only."),
	jobs: optional(
		z.array(section({ name: text.describe("The job's name."), release: text.describe("Its release.") })),
	).describe("Groups with one of these jobs."),
	instance_groups: optional(names).describe("Groups by name."),
	networks: optional(names).describe("Groups on one of these networks."),
	azs: optional(names).describe("Groups in one of these AZs."),
	lifecycle: optional(z.enum(["service", "errand"])).describe("Services or errands only."),
	teams: ignored.describe("Read and passed over: davit has no teams."),
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
	{
		name: text.describe("The addon's name, for people."),
		jobs: z.array(job).describe("Jobs that every instance of the groups gets."),
		include: optional(filter).describe(
			"Groups that get it: all of these keys must fit, of each one entry; without it all do.",
		),
		exclude: optional(filter).describe("Groups that don't."),
	},
	{ notHere: { properties: "give each job of the addon its own properties" } },
).transform(
	(given): Addon => ({
		name: given.name,
		jobs: given.jobs,
		...compact({ include: given.include, exclude: given.exclude }),
	}),
);
