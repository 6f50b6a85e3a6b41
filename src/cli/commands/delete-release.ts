import { problem, UserError } from "../../errors.ts";
import { freedBlobs } from "../../plan/clean-up.ts";
import { usersOfRelease } from "../../plan/uses.ts";
import type { TarballIndex } from "../../release/tarball.ts";
import type { Command } from "../command.ts";
import { askConsent, consentOption } from "../session/confirm.ts";
import { deletionLine, withLeases } from "../session/deletions.ts";
import { keptHere, openKeeping, removeHere } from "../session/kept.ts";
import { recordedUses } from "../session/recorded-uses.ts";
import { formatSize } from "../session/size.ts";
import { withStore } from "../session/with-store.ts";

export const command: Command = {
	arguments: "<name/version>",
	options: [consentOption],
	help: `Deletes a release that davit upload-release has kept (NAME/VERSION, or NAME for all versions), with its packages. One that a deployment uses can't
be deleted. What was compiled of it stays until davit clean-up.`,
	run: ([given], options, context) =>
		withStore(context, async (store) => {
			const keeping = await openKeeping(store, context);
			const find = async () => {
				const all = await keeping.uploaded.list();
				const found = all.filter((index) => index.manifest.name === given || labelOf(index) === given);
				if (found.length === 0) throw unknown(String(given), all);
				const uses = await recordedUses(store, context);
				const problems = found.flatMap((index) => {
					const users = usersOfRelease(index.manifest, uses);
					return users.length === 0 ? [] : [inUse(labelOf(index), users)];
				});
				if (problems.length > 0) throw new UserError(problems);
				return found;
			};
			const lines = (await find()).map((index) =>
				deletionLine({ kind: "release", title: `release ${labelOf(index)}` }),
			);
			await askConsent(lines, context, options.nonInteractive === true);
			const names = (await store.deployments()).map(({ name }) => name);
			await withLeases("delete-release", names, store, async () => {
				const uploaded = await find();
				const labels = new Set(uploaded.map(labelOf));
				const kept = await keptHere(keeping);
				const going = {
					uploaded: kept.uploaded.filter((index) => labels.has(labelOf(index))),
					compiled: [],
					stemcells: [],
					cached: kept.cached.filter(({ release }) => release && labels.has(`${release.name}/${release.version}`)),
				};
				const blobs = freedBlobs(kept, going);
				await removeHere({ ...going, blobs }, keeping);
				const rows = uploaded.map(({ manifest: { name, version } }) => ({ release: name, version }));
				context.emit({ type: "table", name: "deleted", columns: ["release", "version"], rows });
				const bytes = [...blobs, ...going.cached].reduce((sum, { size }) => sum + size, 0);
				context.emit({ type: "note", text: `freed: ${formatSize(bytes / 1024)}` });
			});
			return 0;
		}),
};

function labelOf({ manifest: { name, version } }: TarballIndex): string {
	return `${name}/${version}`;
}

function unknown(given: string, all: readonly TarballIndex[]): UserError {
	const hint = all.length === 0 ? "none was" : `these were: ${all.map(labelOf).sort().join(", ")}`;
	return new UserError(problem("no-release", `no release "${given}" was uploaded`, { hint }));
}

function inUse(label: string, users: readonly string[]) {
	return problem("release-in-use", `release ${label} is in use by ${users.join(", ")}`, {
		hint: "deploy with another release, or delete the deployment, first",
	});
}
