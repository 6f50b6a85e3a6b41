import { problem, UserError } from "../../errors.ts";
import { interpolateManifest } from "../../manifest/interpolate-manifest.ts";
import { type Resurrection, readResurrection } from "../../manifest/resurrection-config.ts";
import { type CliContext, type Command, type Options, text, texts } from "../command.ts";
import { countOf } from "../session/count-of.ts";
import type { HealthMetrics } from "../session/health-metrics.ts";
import type { HealthWebhook } from "../session/health-webhook.ts";
import { readText } from "../session/inputs.ts";
import { warnOfStrangers } from "../session/published-port.ts";
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
		{
			flags: "--webhook <url>",
			about: "post what is told of health, as JSON, to this URL too (default: DAVIT_WEBHOOK)",
		},
		{ flags: "--metrics <port>", about: "show what is seen to Prometheus, at [HOST:]PORT/metrics (HOST: 127.0.0.1)" },
	],
	help: `Looks at every VM again and again: at the cloud's list, and at what the VM says of itself over SSH. A VM that is gone or silent, and jobs that don't
run, are repaired as by a deploy, a few at a time, unless davit update-resurrection
turned that off. A VM is given up only if its cloud says that it is gone and it does not answer, or if it was silent three
times in a row while the others and the cloud answered. What is stopped, ignored or being deployed is left alone. Ctrl-C ends it; a repair at work is brought to
a safe point first.`,
	endsByInterrupt: true,
	run: async (_, options, context) => {
		const resurrection = await readResurrectionConfigs(options, context);
		await withDeployment(options, context, async (deployment) => {
			const metrics = await openMetrics(text(options, "metrics"), context);
			const webhook = await openPosting(text(options, "webhook") || context.env.DAVIT_WEBHOOK, context);
			const count = deployment.records.instances().length;
			const seconds = secondsOf(options) ?? (count > FEW ? 3 * INTERVAL_S : INTERVAL_S);
			const looks = text(options, "looks");
			context.emit({ type: "note", text: `${deployment.name}: ${count} instances, a look every ${seconds} s` });
			try {
				await watchDeployment(deployment, context, {
					intervalMs: seconds * 1000,
					repairs: options.report !== true,
					resurrection,
					metrics,
					...(looks === undefined ? {} : { looks: countOf(looks, { fallback: 1, what: "looks" }) }),
				});
			} finally {
				await Promise.all([metrics?.close(), webhook?.close()]);
			}
		});
		return 0;
	},
};

/** Listens before anything is watched. Throws a UserError (exit code 64 for what is no port) if it can't. */
async function openMetrics(given: string | undefined, context: CliContext): Promise<HealthMetrics | undefined> {
	if (given === undefined) return undefined;
	const { ipv6, host = ipv6 ?? "127.0.0.1", port } = METRICS.exec(given)?.groups ?? {};
	if (port === undefined || Number(port) > 65_535)
		throw new UserError(
			problem("bad-port", `--metrics ${given} is not [HOST:]PORT`, { hint: "write it as in --metrics 9100" }),
			{ exitCode: 64 },
		);
	warnOfStrangers(host, context);
	const { serveMetrics } = await import("../session/health-metrics.ts");
	const metrics = await serveMetrics({ host, port: Number(port) });
	context.emit({ type: "note", text: `metrics at ${metrics.url}` });
	return metrics;
}

/** Throws a UserError (exit code 64) for what is no URL. */
async function openPosting(given: string | undefined, context: CliContext): Promise<HealthWebhook | undefined> {
	if (!given) return undefined;
	const { openWebhook } = await import("../session/health-webhook.ts");
	const webhook = openWebhook(given, context);
	context.listen((event) => {
		if (event.type === "health") webhook.post(event);
	});
	return webhook;
}

const METRICS = /^(?:(?:\[(?<ipv6>[0-9a-fA-F:.]+)\]|(?<host>[^:[\]/]+)):)?(?<port>\d+)$/;

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
