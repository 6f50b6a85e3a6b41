import type { Case } from "./cases.ts";
import type { Tally } from "./tally.ts";

interface PageInput {
	readonly tally: Tally;
	readonly cases: readonly Case[];
	readonly elsewhere: Readonly<Record<string, string>>;
	readonly failures: readonly string[];
	/** Kinds that should have been hit, and were not. */
	readonly missed: readonly string[];
	readonly seed: number;
	readonly minutes: number;
	readonly commit: string;
}

/** What a run has done, as a page. */
export function page({ tally, cases, elsewhere, failures, missed, seed, minutes, commit }: PageInput): string {
	const rounds = [...tally.rounds.values()].reduce((sum, count) => sum + count, 0);
	const line = (cells: readonly (string | number)[]) => `| ${cells.join(" | ")} |`;
	const sides = ["begin", "end", "moment"] as const;
	const kinds = tally.kinds().map((kind) => line([kind, ...sides.map((side) => tally.kills(kind, side))]));
	const others = Object.entries(elsewhere).map(([kind, why]) => `- \`${kind}\`: ${why}`);
	return `# Killed, and gone on

Written by \`npm run test:crash -- --seed ${seed} --minutes ${minutes} --write\`, on ${new Date().toISOString().slice(0, 10)} at commit ${commit}: the
command itself, ended by SIGKILL while it worked, and then run to its end. After each round the provider's VMs and disks were those recorded,
the journal had nothing open, the next deploy had nothing to do, hooks had run in BOSH's order, and the data on the persistent disk was there.

${rounds} rounds, ${tally.total} kills, ${failures.length} failed.

| case | rounds |
| --- | --: |
${cases.map(({ name }) => line([name, tally.rounds.get(name) ?? 0])).join("\n")}

Kills as a step of a kind began, as it had ended, and at any moment while it was the last that had begun:

| step | begin | end | any moment |
| --- | --: | --: | --: |
${kinds.join("\n")}

${missed.length === 0 ? "Every kind that these cases have was hit." : `Not hit this time: ${missed.join(", ")}.`} In no case:

${others.join("\n")}
${failures.map((failure) => `\n    ${failure.replaceAll("\n", "\n    ")}\n`).join("")}`;
}
