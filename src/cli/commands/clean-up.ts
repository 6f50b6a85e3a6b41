import { UserError } from "../../errors.ts";
import { type CleanUpRow, cleanUp, cleanUpRows, KEPT_DAYS, type Kept } from "../../plan/clean-up.ts";
import type { SqliteStore } from "../../state/sqlite.ts";
import type { CliContext, Command, Options } from "../command.ts";
import { type Clouds, cloudOption, openClouds } from "../session/clouds.ts";
import { askConsent, consentOption } from "../session/confirm.ts";
import { deleteOwned, deletionLine, diskDeletion, type OwnedDeletion, withLeases } from "../session/deletions.ts";
import {
	type FoundImage,
	imageDeletion,
	imagesAt,
	type Keeping,
	keptHere,
	neededDownloads,
	openKeeping,
	removeHere,
} from "../session/kept.ts";
import { recordedUses } from "../session/recorded-uses.ts";
import { formatSize } from "../session/size.ts";
import { withStore } from "../session/with-store.ts";

export const command: Command = {
	arguments: "",
	options: [
		{ flags: "--all", about: `also the two newest of what nothing uses, and what is younger than ${KEPT_DAYS} days` },
		{ flags: "--dry-run", about: "list what would be deleted" },
		cloudOption,
		consentOption,
	],
	help: `Deletes what no deployment of this state store uses: images at the clouds, uploaded releases and stemcells, and compiled packages (of each the two newest are
kept, as BOSH does), downloads of ${KEPT_DAYS} days ago, and persistent disks that have been orphaned for so long, with their data, for good. What
the last finished deploy of a deployment needs, or one that has not finished, stays. It knows the deployments of one state store: with several in one home (--state),
what only another one uses is in the list too. Exit code 3: somebody works on a deployment.`,
	run: (_, options, context) => withStore(context, (store) => run(store, options, context)),
};

async function run(store: SqliteStore, options: Options, context: CliContext): Promise<number> {
	const keeping = await openKeeping(store, context);
	const clouds = await openClouds(await recordedUses(store, context), options, context);
	const find = () => findDue(keeping, clouds, options.all === true, context);
	try {
		const { due, youngOrphans } = await find();
		const rows = cleanUpRows(due);
		if (options.dryRun === true && rows.length > 0) {
			showRows(rows, context);
			return 0;
		}
		await askConsent(rows.map(line), context, options.nonInteractive === true);
		if (rows.length > 0) await deleteDue(due, find, { keeping, clouds, context });
		else context.emit({ type: "note", text: "nothing to clean up" });
		if (youngOrphans > 0)
			context.emit({
				type: "note",
				text: `kept: ${youngOrphans} orphaned for less than ${KEPT_DAYS} days; --all deletes them too`,
			});
		return 0;
	} finally {
		await clouds.close();
	}
}

interface Due {
	readonly due: Kept<FoundImage>;
	/** Orphaned disks that are kept for some days. */
	readonly youngOrphans: number;
}

async function findDue(keeping: Keeping, clouds: Clouds, all: boolean, context: CliContext): Promise<Due> {
	const { store } = keeping;
	const kept = { ...(await keptHere(keeping)), images: await imagesAt(clouds, store, context) };
	const uses = await recordedUses(store, context);
	const due = cleanUp(kept, uses, { all, now: context.clock.now(), downloads: neededDownloads(uses) });
	return { due, youngOrphans: kept.orphans.length - due.orphans.length };
}

/** Deletes what somebody has agreed to, so far as it is still without use once nobody works on a deployment. */
async function deleteDue(
	agreed: Kept<FoundImage>,
	find: () => Promise<Due>,
	{ keeping, clouds, context }: { keeping: Keeping; clouds: Clouds; context: CliContext },
): Promise<void> {
	const { store } = keeping;
	const names = (await store.deployments()).map(({ name }) => name);
	const owners = [...agreed.orphans, ...agreed.images].map(({ deployment }) => deployment);
	await withLeases("clean-up", [...names, ...owners], store, async (leases) => {
		const due = stillDue(agreed, (await find()).due);
		const deletions: OwnedDeletion[] = [
			...due.orphans.map((disk) => diskDeletion(disk, clouds)),
			...due.images.map(imageDeletion),
		];
		await removeHere(due, keeping);
		const failed = await deleteOwned("clean-up", deletions, { store, leases, context }).then(
			() => undefined,
			(error: unknown) => error,
		);
		const rows = cleanUpRows(due);
		if (failed !== undefined && !(failed instanceof UserError)) throw failed;
		showRows(failed === undefined ? rows : rows.filter(({ cpi }) => cpi === undefined), context);
		context.emit({ type: "note", text: freed(failed === undefined ? rows : rows.filter(isHere)) });
		if (failed !== undefined) throw failed;
	});
}

/** What is in both. */
function stillDue(agreed: Kept<FoundImage>, now: Kept<FoundImage>): Kept<FoundImage> {
	const within = <T>(all: readonly T[], known: readonly T[], idOf: (each: T) => string) => {
		const ids = new Set(known.map(idOf));
		return all.filter((each) => ids.has(idOf(each)));
	};
	return {
		orphans: within(now.orphans, agreed.orphans, ({ cpi, cid }) => `${cpi} ${cid}`),
		images: within(now.images, agreed.images, ({ cpi, cid }) => `${cpi} ${cid}`),
		stemcells: within(now.stemcells, agreed.stemcells, ({ name, version }) => `${name}/${version}`),
		uploaded: within(now.uploaded, agreed.uploaded, ({ manifest: { name, version } }) => `${name}/${version}`),
		compiled: within(now.compiled, agreed.compiled, ({ key }) => key),
		cached: within(now.cached, agreed.cached, ({ path }) => path),
		blobs: within(now.blobs, agreed.blobs, ({ digest }) => digest),
	};
}

const isHere = ({ cpi }: CleanUpRow) => cpi === undefined;

function line({ kind, name, cpi, bytes }: CleanUpRow): string {
	const size = bytes === undefined ? "" : ` (${formatSize(bytes / 1024)})`;
	return deletionLine({ kind, title: `${kind} ${name}${cpi === undefined ? "" : ` at ${cpi}`}${size}` });
}

function showRows(rows: readonly CleanUpRow[], { emit }: CliContext): void {
	const shown = rows.map((row) => ({
		...row,
		...(row.bytes === undefined ? {} : { size: formatSize(row.bytes / 1024) }),
	}));
	emit({ type: "table", name: "clean-up", columns: ["kind", "name", "cpi", "size"], rows: shown });
}

function freed(rows: readonly CleanUpRow[]): string {
	const sum = (some: readonly CleanUpRow[]) => formatSize(some.reduce((all, { bytes = 0 }) => all + bytes, 0) / 1024);
	const there = rows.filter((row) => !isHere(row));
	const at = there.length === 0 ? "" : `, and ${sum(there)} at clouds`;
	return `freed: ${sum(rows.filter(isHere))} on this machine${at}`;
}
