import { problem, UserError } from "../../errors.ts";
import { usersOfStemcell } from "../../plan/uses.ts";
import type { SqliteStore } from "../../state/sqlite.ts";
import type { CliContext, Command } from "../command.ts";
import { type Clouds, cloudOption, openClouds } from "../session/clouds.ts";
import { askConsent, consentOption } from "../session/confirm.ts";
import { deleteOwned, deletionLine, withLeases } from "../session/deletions.ts";
import { type FoundImage, imageDeletion, imagesAt } from "../session/kept.ts";
import { recordedUses } from "../session/recorded-uses.ts";
import { withStore } from "../session/with-store.ts";

export const command: Command = {
	arguments: "<os/version>",
	options: [cloudOption, consentOption],
	help: "Deletes the image of a stemcell at every cloud of this state store's deployments, and where --cloud says. One that a deployment uses can't be deleted.",
	run: ([given], options, context) =>
		withStore(context, async (store) => {
			const clouds = await openClouds(await recordedUses(store, context), options, context);
			try {
				const found = await findUnused(String(given), clouds, store, context);
				await askConsent(found.map(imageDeletion).map(deletionLine), context, options.nonInteractive === true);
				const names = (await store.deployments()).map(({ name }) => name);
				await withLeases(
					"delete-stemcell",
					[...names, ...found.map((each) => each.deployment)],
					store,
					async (leases) => {
						// Somebody may have made VMs of it by now.
						const images = await findUnused(String(given), clouds, store, context);
						await deleteOwned("delete-stemcell", images.map(imageDeletion), { store, leases, context });
					},
				);
			} finally {
				await clouds.close();
			}
			return 0;
		}),
};

/** The images of the stemcell. Throws a UserError if there are none, or a deployment uses it. */
async function findUnused(
	given: string,
	clouds: Clouds,
	store: SqliteStore,
	context: CliContext,
): Promise<readonly FoundImage[]> {
	const images = await imagesAt(clouds, store, context);
	const found = images.filter(({ os, version }) => `${os}/${version}` === given);
	const [first] = found;
	if (!first) {
		const names = [...new Set(images.map(({ os, version }) => `${os}/${version}`))].sort();
		const hint = names.length === 0 ? "no cloud has one of this state store" : `there are: ${names.join(", ")}`;
		throw new UserError(problem("no-stemcell", `no cloud has an image of stemcell "${given}"`, { hint }));
	}
	const users = usersOfStemcell(first, await recordedUses(store, context));
	if (users.length === 0) return found;
	throw new UserError(
		problem("stemcell-in-use", `stemcell ${given} is in use by ${users.join(", ")}`, {
			hint: "deploy with another stemcell, or delete the deployment, first",
		}),
	);
}
