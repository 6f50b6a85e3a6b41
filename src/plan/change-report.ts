import type { JobRef } from "../manifest/deployment.ts";
import { type DesiredInstance, shapeDigests } from "./desired.ts";
import type { InstanceDiff } from "./diff-instance.ts";
import type { PlanReport } from "./report-schema.ts";
import type { InstanceChange, Reason, Step } from "./step.ts";
import { type ValueChange, valueChanges } from "./value-changes.ts";

type ChangeReport = PlanReport["changes"][number];

/** What the last finished deploy wanted of an instance. */
export interface FormerInstance {
	readonly desired: DesiredInstance;
	/** Its jobs, addons' among them. */
	readonly jobs: readonly JobRef[];
}

interface Surroundings {
	/** The instance's own. */
	readonly steps: readonly Step[];
	/** Absent: it is deleted. */
	readonly diff: InstanceDiff | undefined;
	readonly hasDisk: boolean;
	readonly former: FormerInstance | undefined;
	readonly turn: number | undefined;
}

/** What one instance's change means to its jobs and its disk, and what in manifest and cloud file is behind it. */
export function changeOf(
	{ instance, action, canary, reasons }: InstanceChange,
	{ steps, diff, hasDisk, former, turn }: Surroundings,
): ChangeReport {
	const kinds = new Set(steps.map(({ kind }) => kind));
	const restarts = steps.flatMap((step) => (step.kind === "stop" && step.checks ? step.jobs : []));
	return {
		instance,
		action,
		...(diff?.vm === "swap" ? { addresses: movesOf(diff.desired) } : {}),
		downtime: downtimeOf(action, kinds),
		...(restarts.length > 0 ? { restarts } : {}),
		disk: diskOf(kinds, hasDisk),
		...(turn === undefined ? {} : { turn }),
		canary: canary === true,
		reasons: reasons.map(({ reason, detail }) => ({
			reason,
			...(detail === undefined ? {} : { detail }),
			values: diff && former ? [...valuesBehind(reason, former, diff.desired)] : [],
		})),
	};
}

function downtimeOf(action: InstanceChange["action"], kinds: ReadonlySet<Step["kind"]>): ChangeReport["downtime"] {
	if (action === "delete" || action === "stop") return action;
	if (kinds.has("copy-disk")) return "disk copy";
	if (kinds.has("swap-vm")) return "swap";
	if (kinds.has("delete-vm")) return "recreate";
	if (kinds.has("stop")) return "restart";
	return kinds.has("start") ? "start" : "none";
}

/** Where an instance that is swapped goes. */
export function movesOf({ record, placed }: DesiredInstance): NonNullable<ChangeReport["addresses"]> {
	return Object.entries(placed.networks).flatMap(([network, { ip: to }]) => {
		const from = record?.ips[network];
		return from === undefined || to === undefined ? [] : [{ network, from, to }];
	});
}

function diskOf(kinds: ReadonlySet<Step["kind"]>, hasDisk: boolean): ChangeReport["disk"] {
	if (kinds.has("orphan-disk")) return "orphaned";
	if (kinds.has("copy-disk")) return "copied";
	if (kinds.has("create-disk")) return "created";
	if (kinds.has("resize-disk")) return "grown";
	return hasDisk ? "kept" : "none";
}

/** What differs in what the reason stands for, between the last finished deploy's manifest and cloud file and today's. */
function valuesBehind(
	reason: Reason,
	{ desired: former, jobs }: FormerInstance,
	desired: DesiredInstance,
): readonly ValueChange[] {
	// A deploy that was cut short may have brought the VM to something that no finished one wanted.
	const recorded = desired.record?.vm?.shape[reason];
	const known = recorded === shapeDigests(former.shape)[reason];
	switch (reason) {
		case "cloud_properties":
			return known ? valueChanges(cloudOf(former), cloudOf(desired)) : [];
		case "env":
			return known ? valueChanges(envOf(former), envOf(desired)) : [];
		case "network":
			return known ? valueChanges(former.shape.networks, desired.shape.networks, "/networks") : [];
		case "persistent_disk":
			return valueChanges(typeOf(former), typeOf(desired));
		case "configuration":
		case "job":
			return valueChanges(
				saidOf(jobs, former),
				saidOf(
					desired.jobs.map(({ ref }) => ref),
					desired,
				),
				"/jobs",
			);
		default:
			return [];
	}
}

function cloudOf({ shape }: DesiredInstance): unknown {
	return { cpi: shape.cpi, cloud_properties: shape.cloudProperties };
}

function typeOf({ disk, disks }: DesiredInstance): unknown {
	const named = disks.map(
		({ name, sizeMib, cloudProperties }) => [name, { disk_size: sizeMib, cloud_properties: cloudProperties }] as const,
	);
	return {
		persistent_disk: { cloud_properties: disk?.cloudProperties ?? {} },
		persistent_disks: Object.fromEntries(named),
	};
}

function envOf({ shape }: DesiredInstance): unknown {
	return { env: shape.env, ...shape.guests };
}

/** What the manifest says of the jobs; what their releases and links add is not in it. */
function saidOf(jobs: readonly JobRef[], { group }: DesiredInstance): unknown {
	const said = ({ properties = group.properties, consumes }: JobRef) => ({ properties, consumes });
	return Object.fromEntries(jobs.map((ref) => [ref.name, said(ref)]));
}
