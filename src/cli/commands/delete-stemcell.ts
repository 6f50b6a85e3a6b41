import type { UploadedStemcells } from "../../blobs/uploaded-stemcells.ts";
import { problem, UserError } from "../../errors.ts";
import { usersOfStemcell, usersOfUploaded } from "../../plan/uses.ts";
import type { SqliteStore } from "../../state/sqlite.ts";
import type { StemcellName } from "../../stemcell/stemcell.ts";
import type { UploadedStemcell } from "../../stemcell/uploaded.ts";
import type { CliContext, Command } from "../command.ts";
import { type Clouds, cloudOption, openClouds } from "../session/clouds.ts";
import { askConsent, consentOption } from "../session/confirm.ts";
import { deleteOwned, deletionLine, withLeases } from "../session/deletions.ts";
import { type FoundImage, imageDeletion, imagesAt } from "../session/kept.ts";
import { recordedUses } from "../session/recorded-uses.ts";
import { openUploadedStemcells } from "../session/stemcells.ts";
import { withStore } from "../session/with-store.ts";

export const command: Command = {
	arguments: "<os/version>",
	options: [cloudOption, consentOption],
	help: `Deletes a stemcell (OS/VERSION, or NAME/VERSION of one that was uploaded): its image at every cloud of this state store's deployments, and where
--cloud says, and what davit upload-stemcell has kept of it. One that a deployment uses can't be deleted.`,
	run: ([given], options, context) =>
		withStore(context, async (store) => {
			const clouds = await openClouds(await recordedUses(store, context), options, context);
			const kept = openUploadedStemcells(context);
			const find = () => findUnused(String(given), { clouds, store, kept }, context);
			try {
				const found = await find();
				await askConsent(
					[...found.images.map(imageDeletion), ...found.uploaded.map(uploadedDeletion)].map(deletionLine),
					context,
					options.nonInteractive === true,
				);
				const names = (await store.deployments()).map(({ name }) => name);
				const owners = found.images.map((each) => each.deployment);
				await withLeases("delete-stemcell", [...names, ...owners], store, async (leases) => {
					// Somebody may have made VMs of it by now.
					const { images, uploaded } = await find();
					for (const stemcell of uploaded) await kept.remove(stemcell);
					await deleteOwned("delete-stemcell", images.map(imageDeletion), { store, leases, context });
				});
			} finally {
				await clouds.close();
			}
			return 0;
		}),
};

function uploadedDeletion({ name, version }: UploadedStemcell) {
	return { kind: "stemcell", title: `uploaded stemcell ${name}/${version}` };
}

interface Found {
	readonly images: readonly FoundImage[];
	readonly uploaded: readonly UploadedStemcell[];
}

/** What there is of the stemcell. Throws a UserError if that is nothing, or a deployment uses it. */
async function findUnused(
	given: string,
	{ clouds, store, kept }: { clouds: Clouds; store: SqliteStore; kept: UploadedStemcells },
	context: CliContext,
): Promise<Found> {
	const all: Found = { images: await imagesAt(clouds, store, context), uploaded: await kept.list() };
	const found: Found = {
		images: all.images.filter((each) => osVersion(each) === given),
		uploaded: all.uploaded.filter((each) => osVersion(each) === given || `${each.name}/${each.version}` === given),
	};
	if (found.images.length + found.uploaded.length === 0) {
		const names = [...new Set([...all.images, ...all.uploaded].map(osVersion))].sort();
		const hint =
			names.length === 0
				? "no cloud has one of this state store, and none was uploaded"
				: `there are: ${names.join(", ")}`;
		throw new UserError(problem("no-stemcell", `there is no stemcell "${given}"`, { hint }));
	}
	const uses = await recordedUses(store, context);
	const users = new Set([
		...found.images.flatMap((each) => usersOfStemcell(each, uses)),
		...found.uploaded.flatMap((each) => usersOfUploaded(each, uses)),
	]);
	if (users.size === 0) return found;
	throw new UserError(
		problem("stemcell-in-use", `stemcell ${given} is in use by ${[...users].join(", ")}`, {
			hint: "deploy with another stemcell, or delete the deployment, first",
		}),
	);
}

function osVersion({ os, version }: StemcellName): string {
	return `${os}/${version}`;
}
