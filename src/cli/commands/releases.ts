import type { Command } from "../command.ts";
import { withStore } from "../session/with-store.ts";

export const command: Command = {
	arguments: "",
	options: [],
	help: "The releases that the finished deploys of this state store used. A release needs no upload: a manifest names it by its URL or folder.",
	run: (_, __, context) =>
		withStore(context, async (store) => {
			const uses = (await store.deployments()).flatMap(({ name, releases }) =>
				Object.entries(releases).map(([release, contents]) => ({ name, release, contents })),
			);
			const rows = [...Map.groupBy(uses, ({ release }) => release)]
				.sort(([a], [b]) => (a < b ? -1 : 1))
				.map(([release, all]) => ({
					release: release.slice(0, release.lastIndexOf("/")),
					version: release.slice(release.lastIndexOf("/") + 1),
					jobs: Object.keys(all[0]?.contents.jobs ?? {}).length,
					packages: Object.keys(all[0]?.contents.packages ?? {}).length,
					deployments: all.map(({ name }) => name),
				}));
			const columns = ["release", "version", "jobs", "packages", "deployments"];
			context.emit({ type: "table", name: "releases", columns, rows });
			return 0;
		}),
};
