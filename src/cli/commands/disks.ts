import type { Command } from "../command.ts";
import { deploymentOption } from "../session/store.ts";
import { withStore } from "../session/with-store.ts";

export const command: Command = {
	arguments: "",
	options: [deploymentOption, { flags: "-o, --orphaned", about: "only those that no instance has" }],
	run: async (_, options, context) => {
		return withStore(context, async (store) => {
			const names = (await store.deployments()).map(({ name }) => name);
			const attached = (await Promise.all(names.map((name) => store.read(name)))).flatMap(({ disks }) => disks);
			const all = options.orphaned === true ? [] : attached.filter(({ orphanedAt }) => orphanedAt === undefined);
			const chosen = [...all, ...(await store.orphanedDisks())].filter(
				({ deployment }) => options.deployment === undefined || deployment === options.deployment,
			);
			const rows = chosen.map(({ cid, deployment, instanceName, name, az, sizeMib, orphanedAt }) => ({
				disk_cid: cid,
				deployment,
				instance: instanceName,
				name,
				az,
				size_mib: sizeMib,
				orphaned_at: orphanedAt === undefined ? undefined : new Date(orphanedAt).toISOString(),
			}));
			context.emit({
				type: "table",
				name: "disks",
				columns: ["disk_cid", "deployment", "instance", "name", "az", "size_mib", "orphaned_at"],
				rows,
			});
			return 0;
		});
	},
};
