import type { Command } from "../command.ts";
import { askConsent, consentOption } from "../session/confirm.ts";
import { cloudOption, deleteDisks, deletionLine } from "../session/delete-disks.ts";
import { withStore } from "../session/with-store.ts";

/** BOSH's director keeps orphaned disks for so long, in days. */
const KEPT_DAYS = 5;
const DAY_MS = 86_400_000;

export const command: Command = {
	arguments: "",
	options: [
		{ flags: "--all", about: `orphaned disks of the last ${KEPT_DAYS} days too` },
		{ flags: "--dry-run", about: "list what would be deleted" },
		cloudOption,
		consentOption,
	],
	help: `Deletes persistent disks that have been orphaned for ${KEPT_DAYS} days, with their data, for good.`,
	run: (_, options, context) =>
		withStore(context, async (store) => {
			const since = context.clock.now() - KEPT_DAYS * DAY_MS;
			const orphans = await store.orphanedDisks();
			const due = orphans.filter(({ orphanedAt = 0 }) => options.all === true || orphanedAt <= since);
			const lines = due.map(deletionLine);
			const kept = orphans.length - due.length;
			if (options.dryRun === true) {
				for (const text of lines) context.emit({ type: "note", text });
				return 0;
			}
			await askConsent(lines, context, options.nonInteractive === true);
			await deleteDisks(due, store, options, context);
			if (due.length === 0) context.emit({ type: "note", text: "nothing to clean up" });
			if (kept > 0)
				context.emit({
					type: "note",
					text: `kept: ${kept} orphaned for less than ${KEPT_DAYS} days; --all deletes them too`,
				});
			return 0;
		}),
};
