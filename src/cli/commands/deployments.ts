import type { Command } from "../command.ts";
import { withStore } from "../session/with-store.ts";

export const command: Command = {
	arguments: "",
	options: [],
	help: "What this state store holds: each deployment with its instances, releases and stemcells, and when a deploy last finished.",
	run: (_, __, context) =>
		withStore(context, async (store) => {
			const rows = [];
			for (const { name, releases, deployedAt } of await store.deployments()) {
				const { instances } = await store.read(name);
				const stemcells = new Set(instances.flatMap(({ vm }) => vm?.shape.stemcell ?? []));
				rows.push({
					deployment: name,
					instances: instances.length,
					releases: Object.keys(releases).sort(),
					stemcells: [...stemcells].sort(),
					deployed_at: deployedAt === undefined ? undefined : new Date(deployedAt).toISOString(),
				});
			}
			const columns = ["deployment", "instances", "releases", "stemcells", "deployed_at"];
			context.emit({ type: "table", name: "deployments", columns, rows });
			return 0;
		}),
};
