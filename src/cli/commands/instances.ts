import type { Command } from "../command.ts";
import { instanceRows } from "../session/instance-rows.ts";
import { look } from "../session/look.ts";
import { withDeployment } from "../session/recorded.ts";
import { deploymentOption } from "../session/store.ts";
import { tableOf } from "../session/table-of.ts";

const vitalsColumns = ["uptime", "load", "cpu", "memory", "swap", "system_disk", "ephemeral_disk", "persistent_disk"];
const processColumns = ["pid", "uptime", "cpu", "memory"];
const detailsColumns = ["id", "vm_cid", "disk_cid", "bootstrap", "ignore", "wanted"];

/** The state that is wanted is none to worry about. */
const HEALTHY = { started: "running", stopped: "stopped", detached: "detached" } as const;

export const command: Command = {
	arguments: "",
	options: [
		deploymentOption,
		{ flags: "--ps", about: "a row for each process as well" },
		{ flags: "--vitals", about: "uptime, load, processor, memory, swap and disks" },
		{ flags: "--failing", about: "only what does not run" },
		{ flags: "--details", about: "ids, cids and what is wanted of the instance" },
	],
	help: `States: running, starting, stopping, restarting, failing (a process does not run), stopped, detached (stopped
with its VM), unresponsive, missing.

Example: davit instances --ps --vitals`,
	run: async (_, options, context) => {
		const { ps, vitals, failing, details } = options;
		await withDeployment(options, context, async (deployment) => {
			const { instances } = await look(deployment, context, { vitals: vitals === true });
			const lasting = instances.filter(({ record }) => record.lifecycle !== "compilation");
			const rows = lasting.flatMap((view) => instanceRows(view, { processes: ps === true }));
			const shown =
				failing === true
					? rows.filter(({ state, wanted = "started" }) => state !== HEALTHY[wanted as keyof typeof HEALTHY])
					: rows;
			const columns = new Set([
				"instance",
				...(ps === true ? ["process"] : []),
				"state",
				"az",
				"ips",
				...(ps === true ? processColumns : []),
				...(vitals === true ? vitalsColumns : []),
				...(details === true ? detailsColumns : []),
				"why",
			]);
			context.emit(tableOf("instances", [...columns], shown));
		});
		return 0;
	},
};
