import { contentsOf } from "../../release/compare.ts";
import { releaseFromIndex } from "../../release/from-index.ts";
import type { Command } from "../command.ts";
import { openBlobs, openSources } from "../session/releases.ts";
import { withStore } from "../session/with-store.ts";

export const command: Command = {
	arguments: "",
	options: [],
	help: "The releases that the finished deploys of this state store used, and those that davit upload-release has kept.",
	run: (_, __, context) =>
		withStore(context, async (store) => {
			const blobs = await openBlobs(context);
			const uploaded = (await openSources(blobs, context).uploaded.list()).map((index) =>
				releaseFromIndex(index, blobs),
			);
			const uses = [
				...(await store.deployments()).flatMap(({ name, releases }) =>
					Object.entries(releases).map(([release, contents]) => ({ names: [name], release, contents })),
				),
				...uploaded.map((release) => ({
					names: [],
					release: `${release.name}/${release.version}`,
					contents: contentsOf(release),
				})),
			];
			const rows = [...Map.groupBy(uses, ({ release }) => release)]
				.sort(([a], [b]) => (a < b ? -1 : 1))
				.map(([release, all]) => ({
					release: release.slice(0, release.lastIndexOf("/")),
					version: release.slice(release.lastIndexOf("/") + 1),
					jobs: Object.keys(all[0]?.contents.jobs ?? {}).length,
					packages: Object.keys(all[0]?.contents.packages ?? {}).length,
					deployments: all.flatMap(({ names }) => names),
				}));
			const columns = ["release", "version", "jobs", "packages", "deployments"];
			context.emit({ type: "table", name: "releases", columns, rows });
			return 0;
		}),
};
