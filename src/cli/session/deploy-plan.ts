import type { BlobStore, Digest } from "../../blobs/blobs.ts";
import { type Problem, problem, UserError } from "../../errors.ts";
import type { DesiredInstance } from "../../plan/desired.ts";
import { type DiffOptions, diffInstance, type InstanceDiff } from "../../plan/diff-instance.ts";
import { namedDiskProblems } from "../../plan/named-disk-problems.ts";
import { LEAST_FROM_PEERS, type Sharing } from "../../plan/package-peers.ts";
import { type CompilationVms, type CompileNeed, compileNeeds } from "../../plan/plan-compile.ts";
import { planDeploy } from "../../plan/plan-deploy.ts";
import { spareVms } from "../../plan/spare-vms.ts";
import type { Plan } from "../../plan/step.ts";
import type { InstanceRecord, StateStore } from "../../state/state.ts";
import type { CliContext } from "../command.ts";
import { tooSmall } from "./disk-room.ts";
import { asRecorded, type ObserveAllInput, observeAll, type Seen } from "./observed.ts";
import { packageSources } from "./package-blobs.ts";

export interface DeployPlanInput extends ObserveAllInput {
	readonly context: Pick<CliContext, "clock" | "signal" | "env">;
	readonly store: StateStore;
	readonly packageBlobs: BlobStore;
	readonly desired: readonly DesiredInstance[];
	/** All of the deployment, where those are some. */
	readonly instances: readonly DesiredInstance[];
	readonly obsolete: readonly InstanceRecord[];
	readonly unknownVariables: readonly string[];
	readonly firstDeploy: boolean;
	readonly inputsChanged: boolean;
	readonly diff: Omit<DiffOptions, "canResize">;
	readonly skipDrain: ReadonlySet<string>;
	readonly snapshots: boolean;
	/** False: what is recorded is taken to be there, and well. */
	readonly refresh: boolean;
	/** Makes VMs for what has to be compiled. Absent: the deployment's own compile. */
	readonly compilationVms?: (needs: readonly CompileNeed[]) => Promise<CompilationVms>;
	/** False: some instances alone, so that no deploy finishes with it. */
	readonly whole: boolean;
}

/** A plan, and what each instance's part in it comes from. */
export interface DeployPlan {
	readonly plan: Plan;
	readonly diffs: readonly InstanceDiff[];
	/** Made for the time in which packages compile. */
	readonly compilationVms: readonly DesiredInstance[];
	readonly seen: Seen;
	readonly sharing?: Sharing;
}

/** Looks at what is there and plans what must change. */
export async function planFrom(input: DeployPlanInput): Promise<DeployPlan> {
	const { deployment, store, cpis, desired, obsolete } = input;
	const seen = input.refresh ? await observeAll(input) : asRecorded(input.records);
	const canResize = (cpi: string) => cpis.get(cpi).info().can.resizeDisk;
	const diffs = desired.map((instance) => diffInstance(instance, seen.observed, { ...input.diff, canResize }));
	const refused = [
		...diffs.flatMap((diff) => unreachable(diff, input.diff.fix)),
		...namedDiskProblems(diffs, canResize),
		...(input.refresh ? await tooSmall(diffs, seen.observed, input) : []),
		...ignoredProblems(obsolete),
	];
	if (refused.length > 0) throw new UserError(refused);
	const going = new Set(diffs.flatMap((diff) => diff.nextVm ?? []));
	const unused = spareVms(input.records.instances()).filter(({ cid }) => !going.has(cid));
	const own = new Set(desired.map(({ name }) => name));
	const keys = new Set(desired.flatMap(({ packages }) => packages.map(({ key }) => key)));
	const compiled = new Set<string>();
	const small = new Set<string>();
	for (const key of keys) {
		const digest = (await store.compiled(key)) as Digest | undefined;
		// Its bytes may have gone, as by a clean-up of another state store with the same home: it compiles anew.
		const size = digest === undefined ? undefined : await input.packageBlobs.size(digest);
		if (size === undefined) continue;
		compiled.add(key);
		if (size < LEAST_FROM_PEERS) small.add(key);
	}
	const needs = input.compilationVms ? compileNeeds(diffs, compiled) : [];
	const compilationVms = needs.length > 0 ? await input.compilationVms?.(needs) : undefined;
	const sharing = input.context.env.DAVIT_PEERS === "no" ? undefined : { small, records: input.records.instances() };
	const plan = planDeploy({
		deployment,
		diffs,
		obsolete: obsolete.map(seen.withReach),
		// One that an interrupted run left behind has the address that its instance's next VM needs.
		orphanVms: [...seen.orphanVms, ...unused].filter(({ name }) => input.whole || own.has(name)),
		leftCompilationVms: input.records.compilationVms(),
		...(compilationVms ? { compilationVms } : {}),
		instances: input.instances,
		unknownVariables: input.unknownVariables,
		compiled,
		...(sharing ? { sharing } : {}),
		firstDeploy: input.firstDeploy,
		inputsChanged: input.inputsChanged,
		options: {
			skipDrain: input.skipDrain,
			snapshots: input.snapshots,
			sources: packageSources(input.packageBlobs),
		},
	});
	return {
		plan: input.whole ? plan : withoutRecord(plan),
		diffs,
		seen,
		...(sharing ? { sharing } : {}),
		compilationVms: [...(compilationVms?.values() ?? [])].flat(),
	};
}

/** What is ignored is not deleted in passing. */
export function ignoredProblems(obsolete: readonly InstanceRecord[]): readonly Problem[] {
	const names = obsolete.flatMap(({ ignore, group, index }) => (ignore ? [`${group}/${index}`] : []));
	if (names.length === 0) return [];
	const message = `this would delete ignored instances: ${names.join(", ")}`;
	return [problem("ignored-deleted", message, { hint: `davit unignore ${names[0]} lets them go` })];
}

/** The same without the step that says that all is as the manifest wants it. */
export function withoutRecord(plan: Plan): Plan {
	return { ...plan, steps: plan.steps.filter(({ kind }) => kind !== "record-deploy") };
}

function unreachable({ desired, vm, reasons }: InstanceDiff, fix: boolean): Problem[] {
	const why = reasons.find(({ reason }) => reason === "unresponsive");
	if (!why || vm !== "keep" || fix) return [];
	return [
		problem("unresponsive", `${desired.name}: its VM is there but does not answer: ${why.detail ?? ""}`, {
			hint: "mend what stands in the way, or let davit deploy --fix recreate the VM; its persistent disk is kept",
		}),
	];
}
