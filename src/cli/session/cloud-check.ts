import { problem, UserError, warning } from "../../errors.ts";
import {
	type Choice,
	chooseDefaults,
	chooseWished,
	consentLines,
	parseWish,
	type Wish,
	withoutVain,
} from "../../health/choices.ts";
import { type CloudProblem, type CloudView, cutOff, findCloudProblems } from "../../health/cloud-problems.ts";
import { RESOLUTIONS } from "../../health/resolutions.ts";
import { counted } from "../../plan/titles.ts";
import type { CliContext } from "../command.ts";
import { askChoices } from "./ask-choice.ts";
import { repair } from "./cloud-check-repair.ts";
import { scanClouds } from "./cloud-check-scan.ts";
import { askConsent } from "./confirm.ts";
import type { DeploymentRun } from "./deployment-run.ts";
import type { RecordedDeployment } from "./recorded.ts";
import { tableOf } from "./table-of.ts";

export interface CloudCheckOptions {
	readonly mode: "auto" | "resolution" | "ask";
	/** As written. */
	readonly wishes: readonly string[];
	readonly allowUnresponsive: boolean;
	/** Given beforehand. */
	readonly consent: boolean;
}

/** Lists the problems. Throws a UserError if there are any, as BOSH's command does. */
export async function reportProblems(deployment: RecordedDeployment, context: CliContext): Promise<number> {
	const { name, store } = deployment;
	const holder = await store.holder(name);
	if (holder)
		context.emit({
			type: "note",
			text: `${holder.holder} is at work on ${name}: what is half done looks like a problem`,
		});
	const view = await scanClouds(name, { ...deployment, context });
	const problems = show(name, view, context);
	if (problems.length === 0) return 0;
	throw new UserError(problem("problems-found", `${name}: ${counted(problems.length, "problem")} found`, HOW));
}

const HOW = { hint: "davit cloud-check asks what to do about each, and --auto takes the defaults" };

/** Finds the problems and does about them what is asked for, or what an operator answers. */
export async function checkAndRepair(run: DeploymentRun, options: CloudCheckOptions): Promise<void> {
	const { context, inputs } = run;
	const { name } = inputs.deployment;
	const wishes = wishesOf(run, options.wishes);
	const view = await scanClouds(name, run);
	const problems = show(name, view, context);
	if (problems.length === 0) return;
	const { choices, held } = withoutVain(await choose(problems, { ...options, wishes }, context));
	for (const { instance, disk } of held)
		context.emit({
			type: "note",
			text: `${instance} is left as it is, since its disk ${disk} is gone: --resolution ${instance}=delete_disk_reference lets it have an empty one`,
		});
	const isSilent = ({ problem: { kind }, resolution }: Choice) =>
		kind === "unresponsive_agent" && resolution !== "ignore";
	const cut = cutOff(view, problems);
	if (cut !== undefined && options.mode !== "ask" && !options.allowUnresponsive && choices.some(isSilent))
		throw new UserError(problem("cut-off", cut, { hint: "if it is they that are ill, add --allow-unresponsive" }), {
			exitCode: 4,
		});
	await askConsent(consentLines(choices), context, options.consent);
	const left = choices.filter(({ resolution }) => resolution === "ignore").length;
	if (left < choices.length) await repair(run, choices, view);
	context.emit({ type: "note", text: endText(name, choices.length, left) });
}

function endText(name: string, all: number, left: number): string {
	const what = left === 0 ? "" : `, ${left} left as ${left === 1 ? "it is" : "they are"}`;
	return `${name}: ${all - left} of ${counted(all, "problem")} resolved${what}`;
}

/** All that is wrong with them at once, with exit code 64. */
function wishesOf({ records }: DeploymentRun, written: readonly string[]): readonly Wish[] {
	const names = records.lasting().map(({ group, index }) => `${group}/${index}`);
	const parsed = written.map((text) => ({ text, wish: parseWish(text, names) }));
	const wrong = parsed.flatMap(({ text, wish }) =>
		"wrong" in wish ? [problem("bad-option", `--resolution ${text}: ${wish.wrong}`)] : [],
	);
	if (wrong.length > 0) throw new UserError(wrong, { exitCode: 64 });
	return parsed.flatMap(({ wish }) => ("wrong" in wish ? [] : [wish]));
}

/** The table of the problems, and what is to be known about them. */
function show(name: string, view: CloudView, { emit, json }: CliContext): readonly CloudProblem[] {
	const problems = findCloudProblems(view);
	const rows = problems.map(({ id, kind, description, instance, cid, resolutions }) => ({
		...{ "#": id, type: kind, instance, cid, description, resolutions },
	}));
	if (rows.length > 0 || json) emit(tableOf("problems", ["#", "type", "instance", "cid", "description"], rows));
	if (rows.length === 0) emit({ type: "note", text: `${name}: no problems` });
	const ignored = view.instances.filter(({ ignore }) => ignore).map(({ group, index }) => `${group}/${index}`);
	if (ignored.length > 0) emit({ type: "note", text: `ignored, and not looked at: ${ignored.join(", ")}` });
	if (view.deployUnfinished)
		emit({ type: "note", text: `a deploy of ${name} has not finished: davit resume goes on with it` });
	const cut = cutOff(view, problems);
	if (cut !== undefined) emit({ type: "problem", problem: warning("cut-off", cut) });
	return problems;
}

async function choose(
	problems: readonly CloudProblem[],
	{ mode, wishes }: { readonly mode: CloudCheckOptions["mode"]; readonly wishes: readonly Wish[] },
	context: CliContext,
): Promise<readonly Choice[]> {
	if (mode === "auto") return chooseDefaults(problems);
	if (mode === "ask") return ask(problems, context);
	const { choices, unused } = chooseWished(problems, wishes);
	for (const { text } of unused)
		context.emit({ type: "note", text: `--resolution ${text}: there is no problem that it would resolve` });
	return choices;
}

async function ask(problems: readonly CloudProblem[], context: CliContext): Promise<readonly Choice[]> {
	const questions = problems.map(({ id, kind, description, resolutions }) => ({
		text: `${id}. ${kind}: ${description}`,
		answers: resolutions.map((resolution) => `${resolution}: ${RESOLUTIONS[resolution]}`),
	}));
	const answers = await askChoices(questions, context);
	return problems.map((each, index) => ({
		problem: each,
		resolution: each.resolutions[answers[index] ?? 0] ?? "ignore",
	}));
}
