import { z } from "zod";
import { canonicalJson } from "../digest.ts";
import { type Problem, problem } from "../errors.ts";
import { type PlanReport, planReport } from "./report-schema.ts";

/** What a plan comes from, each as a keyed digest: same or other can be told, and nothing else. */
const inputs = z.strictObject({
	manifest: z.string().describe("Manifest, cloud file, ops files and given variables."),
	releases: z.string().describe("Jobs and packages of the releases."),
	history: z.string().describe("The last step that was ever done to the deployment."),
	plan: z.string().describe("All steps with all their data: what is wanted against what is recorded and observed."),
});

/** `davit plan --out FILE`. It holds no secret. */
const savedPlan = z.strictObject({
	format: z.literal("davit plan 1"),
	deployment: z.string(),
	/** Of the state store that it was made with. */
	store: z.string(),
	/** ISO 8601. */
	made_at: z.string(),
	inputs,
	plan: planReport,
	/** Keyed digest of all of the above. */
	digest: z.string(),
});

export type SavedPlan = z.output<typeof savedPlan>;
export type PlanInputs = z.output<typeof inputs>;
type KeyedDigest = (text: string) => string;

/** A plan as it is written to a file. */
export function savePlan(plan: Omit<SavedPlan, "format" | "digest">, keyedDigest: KeyedDigest): SavedPlan {
	const whole = { format: "davit plan 1" as const, ...plan };
	return { ...whole, digest: keyedDigest(canonicalJson(whole)) };
}

/** Reads the text of such a file; or says what is wrong with it. */
export function readPlan(text: string, file: string, keyedDigest: KeyedDigest): SavedPlan | Problem {
	const hint = "make it anew with davit plan --out";
	const refuse = (code: string, message: string) => problem(code, message, { place: { file }, hint });
	let data: unknown;
	try {
		data = JSON.parse(text);
	} catch {
		return refuse("plan-unreadable", "this is no plan of davit's: it is not JSON");
	}
	const read = savedPlan.safeParse(data);
	if (!read.success) return refuse("plan-unreadable", "this is no plan of davit's, or another version's");
	const { digest, ...whole } = read.data;
	if (keyedDigest(canonicalJson(whole)) === digest) return read.data;
	return refuse("plan-altered", "this plan was altered since davit wrote it, or was made with another key");
}

/** What has moved since the plan was saved; nothing: it can be applied as it is. */
export function movedSince(
	saved: SavedPlan,
	now: Pick<SavedPlan, "deployment" | "store" | "inputs" | "plan">,
	file: string,
): readonly Problem[] {
	const refuse = (code: string, message: string, hint: string) => problem(code, message, { place: { file }, hint });
	if (saved.deployment !== now.deployment) {
		const message = `this plan is for deployment "${saved.deployment}", and the manifest is "${now.deployment}"`;
		return [
			refuse(
				"plan-of-another",
				message,
				`give the plan that was saved for "${now.deployment}", or the manifest of "${saved.deployment}"`,
			),
		];
	}
	if (saved.store !== now.store) {
		const message = "this plan was made with another state store";
		return [refuse("plan-of-another", message, "name that store with --state or DAVIT_HOME, or make the plan anew")];
	}
	const moved = ([input, what]: readonly [keyof PlanInputs, string]) =>
		saved.inputs[input] === now.inputs[input]
			? []
			: [refuse("plan-outdated", what, "nothing was done: look at davit plan again, and save it anew with --out")];
	const since = `since this plan was made (${saved.made_at})`;
	const found = (
		[
			["manifest", `manifest, cloud file, ops files or given variables have changed ${since}`],
			["releases", `releases have changed ${since}`],
			["history", `${saved.deployment} was worked on ${since}`],
		] as const
	).flatMap(moved);
	if (found.length > 0) return found;
	return moved(["plan", `what is there is not what it was ${since}${difference(saved.plan, now.plan)}`]);
}

/** The instances whose part differs. */
function difference(saved: PlanReport, now: PlanReport): string {
	const parts = ({ changes }: PlanReport) => new Map(changes.map((change) => [change.instance, canonicalJson(change)]));
	const [before, after] = [parts(saved), parts(now)];
	const names = [...new Set([...before.keys(), ...after.keys()])].filter(
		(name) => before.get(name) !== after.get(name),
	);
	const partIn = ({ changes }: PlanReport, name: string) => {
		const { action, reasons = [] } = changes.find(({ instance }) => instance === name) ?? {};
		const why = reasons
			.map(({ reason, detail }) => (detail === undefined ? reason : `${reason}: ${detail}`))
			.join(", ");
		return action === undefined ? "nothing" : `${action} (${why})`;
	};
	const lines = names.sort().map((name) => `\n  ${name}: then ${partIn(saved, name)}; now ${partIn(now, name)}`);
	return lines.join("");
}
