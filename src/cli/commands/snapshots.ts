import type { Command } from "../command.ts";
import { withDeployment } from "../session/recorded.ts";
import { shownSnapshot, snapshotsOf } from "../session/snapshots.ts";
import { deploymentOption } from "../session/store.ts";

export const command: Command = {
	arguments: "",
	options: [deploymentOption],
	help: "Snapshots of the deployment's persistent disks, as its clouds list them, the oldest first.",
	run: (_, options, context) =>
		withDeployment(options, context, async ({ name, cpis, store }) => {
			const found = await snapshotsOf(name, { cpis, store, signal: context.signal });
			const columns = ["snapshot_cid", "instance", "disk_cid", "cpi", "created_at"];
			context.emit({ type: "table", name: "snapshots", columns, rows: found.map(shownSnapshot) });
			return 0;
		}),
};
