import { problem, UserError } from "../../errors.ts";
import type { DiskRecord } from "../../state/state.ts";
import type { Command } from "../command.ts";
import { askConsent, consentOption } from "../session/confirm.ts";
import { cloudOption, deleteDisks, deletionLine } from "../session/delete-disks.ts";
import { withStore } from "../session/with-store.ts";

export const command: Command = {
	arguments: "<disk-cid>",
	options: [cloudOption, consentOption],
	help: "Deletes an orphaned persistent disk with its data, for good. One that an instance has can't be deleted.",
	run: ([cid], options, context) =>
		withStore(context, async (store) => {
			const orphans = await store.orphanedDisks();
			const disk = orphans.find((each) => each.cid === cid);
			if (!disk) throw unknown(String(cid), orphans);
			await askConsent([deletionLine(disk)], context, options.nonInteractive === true);
			await deleteDisks([disk], store, options, context);
			return 0;
		}),
};

function unknown(cid: string, orphans: readonly DiskRecord[]): UserError {
	const names = orphans.map((disk) => disk.cid as string);
	const hint = names.length === 0 ? "there are none: davit disks lists those in use" : `there are: ${names.join(", ")}`;
	return new UserError(problem("no-orphaned-disk", `there is no orphaned disk "${cid}"`, { hint }));
}
