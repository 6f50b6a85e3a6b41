import { problem, UserError } from "../../errors.ts";
import type { DiskRecord } from "../../state/state.ts";
import type { Command } from "../command.ts";
import { cloudOption, openClouds } from "../session/clouds.ts";
import { askConsent, consentOption } from "../session/confirm.ts";
import { deleteOwned, deletionLine, diskDeletion, withLeases } from "../session/deletions.ts";
import { recordedUses } from "../session/recorded-uses.ts";
import { withStore } from "../session/with-store.ts";

export const command: Command = {
	arguments: "<disk-cid>",
	options: [cloudOption, consentOption],
	help: "Deletes an orphaned persistent disk with its data, for good. One that an instance has can't be deleted.",
	run: ([cid], options, context) =>
		withStore(context, async (store) => {
			const find = async () => {
				const orphans = await store.orphanedDisks();
				const disk = orphans.find((each) => each.cid === cid);
				if (!disk) throw unknown(String(cid), orphans);
				return disk;
			};
			const { deployment } = await find();
			const clouds = await openClouds(await recordedUses(store, context, [deployment]), options, context);
			try {
				await askConsent([deletionLine(diskDeletion(await find(), clouds))], context, options.nonInteractive === true);
				await withLeases("delete-disk", [deployment], store, async (leases) =>
					// What an instance has by now is nobody's to delete.
					deleteOwned("delete-disk", [diskDeletion(await find(), clouds)], { store, leases, context }),
				);
			} finally {
				await clouds.close();
			}
			return 0;
		}),
};

function unknown(cid: string, orphans: readonly DiskRecord[]): UserError {
	const names = orphans.map((disk) => disk.cid as string);
	const hint = names.length === 0 ? "there are none: davit disks lists those in use" : `there are: ${names.join(", ")}`;
	return new UserError(problem("no-orphaned-disk", `there is no orphaned disk "${cid}"`, { hint }));
}
