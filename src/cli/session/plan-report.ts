import { CONCURRENCY } from "../../apply/apply.ts";
import type { PastStep } from "../../plan/estimate.ts";
import { reportPlan } from "../../plan/report.ts";
import type { PlanReport } from "../../plan/report-schema.ts";
import type { StateStore } from "../../state/state.ts";
import type { PreparedDeploy } from "./deploy.ts";
import type { DeploymentRun } from "./deployment-run.ts";
import { formerInstances } from "./former-instances.ts";
import type { Resources } from "./resources.ts";

/** Steps of the past that an estimate is made from; of another deployment where this one has none yet. */
const PAST_STEPS = 5_000;

/** A prepared deploy, told. */
export async function planReport(
	run: DeploymentRun,
	{ plan, diffs, sharing, compilationVms, seen, state, resources }: PreparedDeploy,
	refreshed: boolean,
): Promise<PlanReport> {
	const { store, packageBlobs, former } = run;
	const keys = new Set(
		plan.steps.flatMap((step) => (step.kind === "install-packages" ? step.packages.map(({ key }) => key) : [])),
	);
	const sizes = new Map<string, number>();
	for (const key of keys) {
		const digest = await store.compiled(key);
		const size = digest === undefined ? undefined : await packageBlobs.size(digest as `sha256:${string}`);
		if (size !== undefined) sizes.set(key, size);
	}
	return reportPlan({
		plan,
		diffs,
		compilationVms,
		...(sharing ? { sharing } : {}),
		obsolete: state.obsolete,
		former: formerInstances(run),
		firstDeploy: former?.deployedAt === undefined,
		refreshed,
		asked: { calls: [...run.cpis.calls()], probes: seen.probes },
		...(resources ? { resources: resources.totals } : {}),
		notTold: resources ? notTold(resources) : [],
		sizeOf: (key) => sizes.get(key),
		variables: state.generated,
		past: await pastSteps(store, plan.deployment),
		concurrency: CONCURRENCY,
	});
}

function notTold({ unsized, unlimited }: Resources): PlanReport["totals"]["not_told"] {
	return [
		...unsized.map((cpi) => ({ cpi, what: "sizes" as const })),
		...unlimited.map((each) => ({ ...each, what: "quotas" as const })),
	];
}

async function pastSteps(store: StateStore, deployment: string): Promise<readonly PastStep[]> {
	const own = await finishedSteps(store, deployment);
	if (own.length > 0) return own;
	const others = (await store.deployments()).filter(({ name }) => name !== deployment);
	return (await Promise.all(others.map(({ name }) => finishedSteps(store, name)))).flat();
}

async function finishedSteps(store: StateStore, deployment: string): Promise<readonly PastStep[]> {
	const events = await store.events(deployment, PAST_STEPS);
	return events.flatMap(({ action, object, outcome, detail }) =>
		outcome === "done" && typeof detail.durationMs === "number"
			? [{ kind: action, object, durationMs: detail.durationMs }]
			: [],
	);
}
