import type { InstanceName } from "../plan/step.ts";
import type { CloudProblem } from "./cloud-problems.ts";
import { PROBLEM_KINDS, RESOLUTIONS, type Resolution } from "./resolutions.ts";

/** `--resolution [KIND_OR_INSTANCE=]RESOLUTION`. */
export interface Wish {
	readonly text: string;
	/** A kind of problem, or an instance. Absent: every problem that has the resolution. */
	readonly of?: string;
	readonly resolution: Resolution;
}

/** What is done about a problem. */
export interface Choice {
	readonly problem: CloudProblem;
	readonly resolution: Resolution;
}

/** A wish as it was written, or what is wrong with it. */
export function parseWish(text: string, instances: readonly InstanceName[]): Wish | { readonly wrong: string } {
	const at = text.lastIndexOf("=");
	const of = at < 0 ? undefined : text.slice(0, at);
	const resolution = text.slice(at + 1);
	if (!Object.hasOwn(RESOLUTIONS, resolution))
		return { wrong: `there is no resolution "${resolution}"; there are ${Object.keys(RESOLUTIONS).join(", ")}` };
	const known = [...PROBLEM_KINDS, ...instances] as readonly string[];
	if (of !== undefined && !known.includes(of))
		return { wrong: `"${of}" is no problem and no instance; there are ${known.join(", ")}` };
	return { text, ...(of === undefined ? {} : { of }), resolution: resolution as Resolution };
}

/** Everything's default. */
export function chooseDefaults(problems: readonly CloudProblem[]): readonly Choice[] {
	return problems.map((problem) => ({ problem, resolution: problem.resolutions[0] ?? "ignore" }));
}

/** What is wished of an instance goes before what is wished of a kind, and that before what is wished of all. What nobody names is ignored. */
export function chooseWished(
	problems: readonly CloudProblem[],
	wishes: readonly Wish[],
): { readonly choices: readonly Choice[]; readonly unused: readonly Wish[] } {
	const used = new Set<Wish>();
	const choices = problems.map((problem): Choice => {
		const fitting = wishes.filter(({ resolution }) => problem.resolutions.includes(resolution));
		const wish = [problem.instance, problem.kind, undefined]
			.filter((of, index) => of !== undefined || index === 2)
			.flatMap((of) => fitting.filter((each) => each.of === of))[0];
		if (wish) used.add(wish);
		return { problem, resolution: wish?.resolution ?? "ignore" };
	});
	return { choices, unused: wishes.filter((wish) => !used.has(wish)) };
}

/** Whether an instance gets a new VM. */
export function recreates(resolution: Resolution): boolean {
	return resolution === "recreate_vm" || resolution === "recreate_vm_without_wait";
}

/** A new VM would wait in vain for a disk that is gone: its instance is left until something is chosen about the disk. */
export function withoutVain(choices: readonly Choice[]): {
	readonly choices: readonly Choice[];
	readonly held: readonly { readonly instance: InstanceName; readonly disk: string }[];
} {
	const lacking = new Map(
		choices.flatMap(({ problem: { kind, instance, cid }, resolution }) =>
			kind === "missing_disk" && resolution === "ignore" && instance !== undefined && cid !== undefined
				? [[instance, cid] as const]
				: [],
		),
	);
	const held = choices.flatMap(({ problem: { instance = "" }, resolution }) => {
		const disk = lacking.get(instance);
		return disk !== undefined && (recreates(resolution) || resolution === "finish_update") ? [{ instance, disk }] : [];
	});
	const names = new Set(held.map(({ instance }) => instance));
	return {
		choices: choices.map((choice) =>
			names.has(choice.problem.instance ?? "") &&
			(recreates(choice.resolution) || choice.resolution === "finish_update")
				? { ...choice, resolution: "ignore" as const }
				: choice,
		),
		held,
	};
}

/** Lines that need a person's consent: what can't be taken back, or is done to something that may be well. */
export function consentLines(choices: readonly Choice[]): readonly string[] {
	return choices.flatMap(({ problem, resolution }) => {
		const { kind, instance, cid, attachedTo } = problem;
		if (recreates(resolution) && kind !== "missing_vm")
			return [`VM ${cid} of ${instance} is deleted, and a new one is made; its persistent disks are kept`];
		if (resolution === "delete_vm")
			return [
				kind === "unknown_vm"
					? `VM ${cid}, which no record knows, is deleted`
					: `VM ${cid} of ${instance} is deleted; its persistent disks are kept`,
			];
		if (resolution === "delete_vm_reference" && kind !== "missing_vm")
			return [`VM ${cid} of ${instance} is forgotten, though the cloud has it: the next deploy deletes it`];
		if (resolution === "delete_disk_reference")
			return [`disk ${cid} of ${instance} is forgotten; it gets an empty one`];
		if (attachedTo !== undefined && resolution !== "ignore") return [`disk ${cid} is taken from VM ${attachedTo}`];
		return [];
	});
}
