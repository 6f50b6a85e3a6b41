import { z } from "zod";
import type { Amount, UpdateConfig, WatchTime } from "./deployment.ts";
import { compact, flag, optional, section } from "./section.ts";

/** `3` or `"50%"`. */
export const amount = z.union(
	[
		z
			.int()
			.min(0)
			.transform((number): Amount => ({ count: number })),
		z
			.string()
			.regex(/^\s*\d+%?\s*$/)
			.transform((text): Amount => {
				const number = Number.parseInt(text, 10);
				return text.includes("%") ? { percent: number } : { count: number };
			}),
	],
	'a count or a percentage such as "50%"',
);

const WATCH_TIME = "milliseconds such as 30000, or a range such as 1000-60000 whose first number is the smaller";

/** Milliseconds: `5000`, or `1000-60000`. One number is both ends, as in BOSH. */
const watchTime = z.union(
	[
		z
			.int()
			.min(0)
			.transform((number): WatchTime => ({ fromMs: number, toMs: number })),
		z
			.string()
			.regex(/^\s*\d+\s*(-\s*\d+\s*)?$/)
			.transform((text): WatchTime => {
				const [from = "0", to = from] = text.split("-");
				return { fromMs: Number(from), toMs: Number(to) };
			})
			.refine(({ fromMs, toMs }) => fromMs <= toMs, WATCH_TIME),
	],
	WATCH_TIME,
);

const ABOUT = {
	canaries: "How many instances of a group are updated first and watched alone: a count, or a percentage rounded down.",
	max_in_flight:
		"How many are updated at a time after the canaries: a count, or a percentage of the AZ's instances (at least 1).",
	canary_watch_time:
		"Milliseconds in which a canary's processes must come up: FIRST-LAST watches them for FIRST at least; one number is both.",
	update_watch_time: "The same for the other instances.",
	serial: "true (default): this group alone, after the one before; false: together with its neighbours.",
	vm_strategy:
		"How an instance gets another VM. delete-create (default): the old one is deleted first. create-swap-delete: the new one is made and prepared, at other addresses of its manual networks, while the old one's jobs run; then they are stopped, the persistent disk moves, and the old VM is deleted. Where that can't be (static addresses, links that carry addresses, links to other deployments, no free address, a VM that doesn't answer) the plan warns and does delete-create.",
	restart:
		"davit's own. all (default, as BOSH): an instance that changes stops and starts all its jobs. changed: only those whose template, property, link or package changed; every pre-start and post-start of the VM runs again, also beside jobs that run.",
	initial_deploy_az_update_strategy: "On the first deploy: serial (default), AZ by AZ, or parallel.",
};

/** Any part of `update:`, as an instance group overrides it. */
export const updatePart = section({
	canaries: optional(amount).describe(ABOUT.canaries),
	max_in_flight: optional(amount).describe(ABOUT.max_in_flight),
	canary_watch_time: optional(watchTime).describe(ABOUT.canary_watch_time),
	update_watch_time: optional(watchTime).describe(ABOUT.update_watch_time),
	serial: optional(flag).describe(ABOUT.serial),
	vm_strategy: optional(z.enum(["delete-create", "create-swap-delete"])).describe(ABOUT.vm_strategy),
	restart: optional(z.enum(["all", "changed"])).describe(ABOUT.restart),
	initial_deploy_az_update_strategy: optional(z.enum(["serial", "parallel"])).describe(
		ABOUT.initial_deploy_az_update_strategy,
	),
}).transform(
	(part): Partial<UpdateConfig> =>
		compact({
			canaries: part.canaries,
			maxInFlight: part.max_in_flight,
			canaryWatchTime: part.canary_watch_time,
			updateWatchTime: part.update_watch_time,
			serial: part.serial,
			vmStrategy: part.vm_strategy,
			restart: part.restart,
			initialDeployAzUpdateStrategy: part.initial_deploy_az_update_strategy,
		}),
);

/** The deployment's `update:`. BOSH has no default for the first four. */
export const update = section({
	canaries: amount.describe(ABOUT.canaries),
	max_in_flight: amount.describe(ABOUT.max_in_flight),
	canary_watch_time: watchTime.describe(ABOUT.canary_watch_time),
	update_watch_time: watchTime.describe(ABOUT.update_watch_time),
	serial: optional(flag).describe(ABOUT.serial),
	vm_strategy: optional(z.enum(["delete-create", "create-swap-delete"])).describe(ABOUT.vm_strategy),
	restart: optional(z.enum(["all", "changed"])).describe(ABOUT.restart),
	initial_deploy_az_update_strategy: optional(z.enum(["serial", "parallel"])).describe(
		ABOUT.initial_deploy_az_update_strategy,
	),
}).transform(
	(whole): UpdateConfig => ({
		canaries: whole.canaries,
		maxInFlight: whole.max_in_flight,
		canaryWatchTime: whole.canary_watch_time,
		updateWatchTime: whole.update_watch_time,
		serial: whole.serial ?? true,
		vmStrategy: whole.vm_strategy ?? "delete-create",
		restart: whole.restart ?? "all",
		initialDeployAzUpdateStrategy: whole.initial_deploy_az_update_strategy ?? "serial",
	}),
);
