import type { PlanReport } from "../../plan/report-schema.ts";
import type { Plan } from "../../plan/step.ts";
import { counted } from "../../plan/titles.ts";
import type { CliContext } from "../command.ts";
import { askedFact, takenFacts } from "./show-totals.ts";
import { formatSize } from "./size.ts";

type Change = PlanReport["changes"][number];
type Reason = Change["reasons"][number];

/** Names, packages and values that are listed in full; what is more is counted. */
const LISTED = 6;

/** The plan that is about to be applied: one line a change. */
export function showPlan(plan: Plan, { emit }: Pick<CliContext, "emit">): void {
	const changes = plan.changes.map(({ instance, action, reasons }) => {
		const why = reasons.map(({ reason, detail }) => (detail ? `${reason}: ${detail}` : reason)).join(", ");
		return `${action} ${instance} (${why})`;
	});
	emit({ type: "plan", deployment: plan.deployment, steps: plan.steps.length, changes });
}

/** A plan for programs (the report as it is), or for people. */
export function showPlanReport(report: PlanReport, { emit, json }: Pick<CliContext, "emit" | "json">): void {
	emit(json ? { type: "plan-report", plan: report } : { type: "output", text: planText(report) });
}

/** The plan as lines. Instances of a group whose changes are alike stand together. */
function planText(report: PlanReport): string {
	const { deployment, changes, unchanged, steps } = report;
	if (steps.length === 0) {
		const asked = factText(askedFact(report.asked));
		return `${deployment}: nothing to do, all is as the manifest says${unasked(report)}\n${asked}`;
	}
	const all = changes.length + unchanged;
	const head = `${deployment}: ${changes.length} of ${counted(all, "instance")} ${changes.length === 1 ? "changes" : "change"}${unasked(report)}`;
	const alike = Map.groupBy(changes, ({ instance, turn: _, canary: __, addresses: ___, ...change }) =>
		JSON.stringify([instance.slice(0, instance.lastIndexOf("/")), change]),
	);
	const parts = [...alike.values()].map(changeLines);
	return `${[head, ...parts, factLines(report)].filter((part) => part !== "").join("\n\n")}\n`;
}

function unasked({ refreshed }: PlanReport): string {
	return refreshed ? "" : " (by what is recorded: no cloud and no VM was asked)";
}

const DOWNTIMES: Readonly<Record<Change["downtime"], string>> = {
	none: "nothing stops",
	start: "its jobs are started",
	restart: "its jobs are stopped and started",
	swap: "a new VM is prepared while its jobs run; they are stopped, and started there",
	recreate: "its jobs are stopped, and started on a new VM",
	"disk copy": "its jobs are stopped while its disk is copied, and started",
	stop: "its jobs are stopped",
	delete: "its jobs are stopped",
};

const DISKS: Readonly<Record<Change["disk"], string | undefined>> = {
	none: undefined,
	kept: "its persistent disk is kept",
	created: "a persistent disk is made",
	grown: "its persistent disk grows",
	copied: "its persistent disk becomes another one, the old one is kept, orphaned",
	orphaned: "its persistent disk is kept, orphaned",
};

function changeLines(alike: readonly Change[]): string {
	const [first] = alike as readonly [Change];
	const jobs =
		first.restarts &&
		`of its jobs ${listed(first.restarts)} ${first.restarts.length === 1 ? "is" : "are"} stopped and started`;
	const what = [first.action, jobs ?? DOWNTIMES[first.downtime], DISKS[first.disk], turnsText(alike)];
	const names = alike.map(({ instance }) => instance);
	const head = `  ${listed(names)}: ${what.filter((part) => part !== undefined).join("; ")}`;
	const moves = alike.flatMap(({ instance, addresses = [] }) =>
		addresses.map(({ network, from, to }) => `${instance} on ${network}: ${from} → ${to}`),
	);
	const moved = moves.length > 0 ? [`    address: ${listed(moves)}`] : [];
	return [head, ...first.reasons.flatMap(reasonLines), ...moved].join("\n");
}

/** `turns 2 to 4, web/0 first`: canaries are named. */
function turnsText(alike: readonly Change[]): string | undefined {
	const turns = alike.flatMap(({ turn }) => turn ?? []);
	const canaries = alike.filter(({ canary }) => canary).map(({ instance }) => instance);
	const named = canaries.length === 0 ? "" : alike.length === 1 ? ", canary" : `, canary ${listed(canaries)}`;
	if (turns.length === 0) return undefined;
	const [low, high] = [Math.min(...turns), Math.max(...turns)];
	return `${low === high ? `turn ${low}` : `turns ${low} to ${high}`}${named}`;
}

function reasonLines({ reason, detail, values }: Reason): readonly string[] {
	const told = values.slice(0, LISTED).map(({ path, from, to }) => `        ${path}: ${shown(from)} → ${shown(to)}`);
	const more = values.length > LISTED ? [`        and ${values.length - LISTED} more values`] : [];
	return [`    ${reason}${detail === undefined ? "" : `: ${detail}`}`, ...told, ...more];
}

function shown(value: unknown): string {
	if (value === undefined) return "(none)";
	const text = typeof value === "string" ? value : JSON.stringify(value);
	const [line = ""] = text.split("\n");
	return line === text && line.length <= 80 ? line : `${line.slice(0, 80)}…`;
}

function factLines(report: PlanReport): string {
	const { compile, compilation_vms: made, packages, variables, deletes, totals, estimate } = report;
	const compilers = [...Map.groupBy(compile, ({ instance }) => instance)].map(
		([name, all]) => `${name} (${all.length})`,
	);
	const facts: readonly (readonly [string, string] | undefined)[] = [
		compile.length > 0
			? ["compiled", `${counted(compile.length, "package")}, on ${listed(compilers)}${madeText(made.length)}`]
			: undefined,
		...packages.lacking.map((part) => [SOURCES[part.source], packagesText(part, report)] as const),
		variables.length > 0 ? ["generated", listed(variables)] : undefined,
		deletes.instances.length > 0 ? ["deleted", listed(deletes.instances)] : undefined,
		deletes.vms.length > 0 ? ["VMs deleted", listed(deletes.vms)] : undefined,
		report.irreversible.length > 0 ? ["no undo", `once this has begun: ${listed(report.irreversible)}`] : undefined,
		report.surge ? ["meanwhile", surgeText(report.surge)] : undefined,
		["in all", totalsText(totals)],
		...takenFacts(report),
		estimate ? ["time", timeText(estimate)] : undefined,
	];
	return factText(facts).trimEnd();
}

function factText(facts: readonly (readonly [string, string] | undefined)[]): string {
	return facts.map((fact) => (fact ? `  ${`${fact[0]}:`.padEnd(13)}${fact[1]}\n` : "")).join("");
}

function madeText(vms: number): string {
	return vms === 0 ? "" : `: ${counted(vms, "compilation VM")} for the time of the compile`;
}

const SOURCES = { peer: "from peers", "object-store": "fetched", ssh: "copied" } as const;

function packagesText(
	{ source, packages, bytes }: PlanReport["packages"]["lacking"][number],
	{ packages: { there }, steps }: PlanReport,
): string {
	const known = bytes === 0 ? "" : `, ${formatSize(bytes / 1024)} of those that are compiled`;
	const peers = [...new Set(steps.flatMap((step) => step.peers ?? []))];
	const how = {
		peer: `; by the VMs, each from another one of its AZ: ${listed(peers)}`,
		"object-store": "; by the VMs, from the bucket of DAVIT_BLOBS",
		ssh: "",
	};
	return `${counted(packages, "package")}${known}${how[source]}${there === 0 ? "" : `; ${there} are there already`}`;
}

function totalsText({ instances, persistent_disk, addresses, vm_types }: PlanReport["totals"]): string {
	const each = (counts: Readonly<Record<string, number>>) =>
		Object.entries(counts).map(([name, count]) => `${count} ${name}`);
	const disks = persistent_disk === 0 ? [] : [`${formatSize(persistent_disk * 1024)} of persistent disks`];
	return [
		`${counted(instances, "instance")} (VM types: ${each(vm_types).join(", ")})`,
		...disks,
		`addresses: ${each(addresses).join(", ")}`,
	].join("; ");
}

function surgeText({ vms, addresses }: NonNullable<PlanReport["surge"]>): string {
	const each = Object.entries(addresses).map(([network, count]) => `${count} ${network}`);
	return `at most ${counted(vms, "more VM")} at a time, beside those that they are made for; addresses: ${each.join(", ")}`;
}

function timeText({ seconds, samples, unknown }: NonNullable<PlanReport["estimate"]>): string {
	const time = seconds < 60 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
	const left = unknown.length === 0 ? "" : `; never done here, and not counted: ${unknown.join(", ")}`;
	return `about ${time}, as ${counted(samples, "past step")} took${left}`;
}

function listed(names: readonly string[]): string {
	const more = names.length - LISTED;
	return more <= 0 ? names.join(", ") : `${names.slice(0, LISTED).join(", ")} and ${more} more`;
}
