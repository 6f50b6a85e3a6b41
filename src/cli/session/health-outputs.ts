import { problem, UserError } from "../../errors.ts";
import { type CliContext, type Options, text } from "../command.ts";
import type { HealthMetrics } from "./health-metrics.ts";
import { warnOfStrangers } from "./published-port.ts";

/** Where else than to the terminal a watcher tells what it sees. */
export const healthOutputOptions = [
	{
		flags: "--webhook <url>",
		about: "post what is told of health, as JSON, to this URL too (default: DAVIT_WEBHOOK)",
	},
	{ flags: "--metrics <port>", about: "show what is seen to Prometheus, at [HOST:]PORT/metrics (HOST: 127.0.0.1)" },
] as const;

/** Opens what the options name for `work`, and closes it after. Throws a UserError (exit code 64 for what can't be read) before anything is watched. */
export async function withHealthOutputs(
	options: Options,
	context: CliContext,
	work: (metrics: HealthMetrics | undefined) => Promise<void>,
): Promise<void> {
	const at = metricsPort(text(options, "metrics"));
	const url = text(options, "webhook") || context.env.DAVIT_WEBHOOK;
	const webhook = url ? (await import("./health-webhook.ts")).openWebhook(url, context) : undefined;
	context.listen((event) => {
		if (event.type === "health") webhook?.post(event);
	});
	const metrics = at && (await (await import("./health-metrics.ts")).serveMetrics(at));
	try {
		if (metrics) {
			warnOfStrangers(at.host, context);
			context.emit({ type: "note", text: `metrics at ${metrics.url}` });
		}
		await work(metrics);
	} finally {
		await Promise.all([metrics?.close(), webhook?.close()]);
	}
}

const METRICS = /^(?:(?:\[(?<ipv6>[0-9a-fA-F:.]+)\]|(?<host>[^:[\]/]+)):)?(?<port>\d+)$/;

function metricsPort(given: string | undefined): { readonly host: string; readonly port: number } | undefined {
	if (given === undefined) return undefined;
	const { ipv6, host = ipv6 ?? "127.0.0.1", port } = METRICS.exec(given)?.groups ?? {};
	if (port !== undefined && Number(port) <= 65_535) return { host, port: Number(port) };
	throw new UserError(
		problem("bad-port", `--metrics ${given} is not [HOST:]PORT`, { hint: "write it as in --metrics 9100" }),
		{ exitCode: 64 },
	);
}
