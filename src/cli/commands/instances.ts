import { parseProbe, probeScript } from "../../machine/probe.ts";
import type { CliContext, Command } from "../command.ts";
import { type RecordedDeployment, withDeployment } from "../session/recorded.ts";
import { deploymentOption } from "../session/store.ts";

/** An instance that says nothing within this many ms is unresponsive. */
const PROBE_MS = 5000;

export const command: Command = {
	arguments: "",
	options: [
		deploymentOption,
		{ flags: "--ps", about: "a row for each process" },
		{ flags: "--vitals", about: "load, memory and disk" },
		{ flags: "--failing", about: "only what does not run" },
	],
	run: async (_, options, context) => {
		await withDeployment(options, context, async (deployment) => {
			const names = deployment.records.instances().map(({ group, index }) => `${group}/${index}`);
			const rows = (
				await Promise.all(names.map((name) => rowsOf(name, deployment, context, options.vitals === true)))
			).flat();
			const shown = rows.filter(
				(row) => (options.ps === true || row.process === "") && (options.failing !== true || row.state !== "running"),
			);
			const columns = [
				"instance",
				...(options.ps === true ? ["process"] : []),
				"state",
				"az",
				"ips",
				...(options.vitals === true ? ["vitals"] : []),
			];
			context.emit({ type: "table", name: "instances", columns, rows: shown });
		});
		return 0;
	},
};

async function rowsOf(
	instance: string,
	{ records, machines }: RecordedDeployment,
	context: CliContext,
	vitals: boolean,
) {
	const record = records.get(instance);
	const base = { instance, az: record.az, ips: Object.values(record.ips) };
	const signal = AbortSignal.any([context.signal, AbortSignal.timeout(PROBE_MS)]);
	try {
		const connection = await machines.connect(instance, { signal });
		const probe = parseProbe((await connection.run(probeScript({ vitals }), { signal })).stdout);
		const processes = probe.processes ?? [];
		const state = probe.processes && processes.every(({ status }) => status === "running") ? "running" : "failing";
		const own = processes.map(({ name, status }) => ({ ...base, process: name, state: status, vitals: "" }));
		return [{ ...base, process: "", state, vitals: probe.vitals ? JSON.stringify(probe.vitals) : "" }, ...own];
	} catch {
		context.signal.throwIfAborted();
		return [{ ...base, process: "", state: "unresponsive", vitals: "" }];
	}
}
