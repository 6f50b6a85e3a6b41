import { problem, UserError } from "../../errors.ts";
import { interpolateManifest } from "../../manifest/interpolate-manifest.ts";
import { type Resurrection, readResurrection } from "../../manifest/resurrection-config.ts";
import { type CliContext, type Command, type Options, text, texts } from "../command.ts";
import { countOf } from "../session/count-of.ts";
import { healthOutputOptions, withHealthOutputs } from "../session/health-outputs.ts";
import { readText } from "../session/inputs.ts";
import { withDeployment } from "../session/recorded.ts";
import { deploymentOption } from "../session/store.ts";
import { watchDeployment } from "../session/watching.ts";

/** Seconds between two looks, for up to so many VMs; for more of them, thrice as long. */
const INTERVAL_S = 10;
const FEW = 500;

export const command: Command = {
	arguments: "",
	options: [
		deploymentOption,
		{
			flags: "--interval <seconds>",
			about: `from one look to the next (default: ${INTERVAL_S}; ${3 * INTERVAL_S} above ${FEW} VMs)`,
		},
		{ flags: "--looks <number>", about: "end after so many looks, and the repairs they led to" },
		{ flags: "--report", about: "tell what is ill, and repair nothing" },
		{
			flags: "--resurrection-config <file>",
			about: "which groups are not repaired (BOSH's rules), and how many VMs at once; repeatable",
			repeat: true,
		},
		...healthOutputOptions,
	],
	help: `Looks at every VM again and again: at the cloud's list, and at what the VM says of itself over SSH. A VM that is gone or silent, and jobs that don't
run, are repaired as by a deploy, a few at a time, unless davit update-resurrection
turned that off. A VM is given up only if its cloud says that it is gone and it does not answer, or if it was silent three
times in a row while the others and the cloud answered. What is stopped, ignored or being deployed is left alone. Ctrl-C ends it; a repair at work is brought to
a safe point first.`,
	endsByInterrupt: true,
	run: async (_, options, context) => {
		const resurrection = await readResurrectionConfigs(options, context);
		const looks = text(options, "looks");
		const wanted = {
			repairs: options.report !== true,
			resurrection,
			...(looks === undefined ? {} : { looks: countOf(looks, { fallback: 1, what: "looks" }) }),
		};
		const interval = secondsOf(options);
		await withDeployment(options, withoutNotes(context), (deployment) =>
			withHealthOutputs(options, context, async (metrics) => {
				const count = deployment.records.instances().length;
				const seconds = interval ?? (count > FEW ? 3 * INTERVAL_S : INTERVAL_S);
				context.emit({ type: "note", text: `${deployment.name}: ${count} instances, a look every ${seconds} s` });
				await watchDeployment(deployment, context, { ...wanted, metrics, intervalMs: seconds * 1000 });
			}),
		);
		return 0;
	},
};

/** Looks go on for days: that a list is asked for again, and again, is not told, but once that its cloud does not answer. */
function withoutNotes(context: CliContext): CliContext {
	return {
		...context,
		emit: (event) => {
			if (event.type !== "note") context.emit(event);
		},
	};
}

/** Throws a UserError with everything that is wrong with any of them. */
async function readResurrectionConfigs(options: Options, context: CliContext): Promise<Resurrection> {
	const read = await Promise.all(
		texts(options, "resurrectionConfig").map((file) => readText(file, context, "resurrection config")),
	);
	const { resurrection, problems } = readResurrection(read.map((manifest) => interpolateManifest({ manifest })));
	if (!resurrection) throw new UserError(problems);
	for (const each of problems) context.emit({ type: "problem", problem: each });
	return resurrection;
}

function secondsOf(options: Options): number | undefined {
	const given = text(options, "interval");
	if (given === undefined) return undefined;
	if (/^[1-9]\d{0,3}$/.test(given)) return Number(given);
	throw new UserError(
		problem("bad-option", `--interval ${given}: that is no number of seconds`, { hint: "write --interval 10" }),
		{ exitCode: 64 },
	);
}
