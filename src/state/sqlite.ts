import { heldByAnother } from "./held.ts";
import { currentProcess, type HolderProcess } from "./holder-process.ts";
import { type Adopted, adopt, refuseOther } from "./sqlite-adopt.ts";
import { applyChanges } from "./sqlite-changes.ts";
import { compiledPackages } from "./sqlite-compiled.ts";
import type { Database } from "./sqlite-database.ts";
import { type EventFilter, type NumberedEvent, recordedEvents } from "./sqlite-events.ts";
import { openStoreFile, type StoreFile } from "./sqlite-file.ts";
import { beginIntent, finishIntent, openIntents } from "./sqlite-intents.ts";
import { acquireLease, checkFence, currentHolder, LEASE_MS } from "./sqlite-lease.ts";
import { type Moved, readMoved, refuseMoved, writeMoved } from "./sqlite-moved.ts";
import { type Resealed, readDigesting, resealAll } from "./sqlite-rekey.ts";
import { putVariables, readVariables } from "./sqlite-variables.ts";
import type { DeploymentRecord, DiskRecord, Fence, InstanceRecord, Lease, Recorded, StateStore } from "./state.ts";

export interface SqliteStoreOptions extends StoreFile {
	/** Who holds the leases that this store gives out; this process unless given. */
	readonly self?: HolderProcess;
	/** How long they last without a renewal, in ms; 30 s unless given. */
	readonly leaseMs?: number;
	/** Opens a store that was exported, too. */
	readonly evenMoved?: boolean;
}

export interface SqliteStore extends StateStore {
	/** Number (from 1) of the first event that was tampered with; undefined if none was. */
	firstBrokenEvent(): Promise<number | undefined>;
	/** The newest `limit` events that the filter lets in, of all deployments, oldest of them first. */
	findEvents(filter: EventFilter, limit: number): Promise<readonly NumberedEvent[]>;
	/** Names of all deployments that anything was ever done to, also of those that are gone. */
	eventfulDeployments(): Promise<readonly string[]>;
	/** True if anything is sealed here, also of deployments that are gone. */
	hasVariables(): Promise<boolean>;
	/** Sealed: what digests are made with, if the store was given another key. */
	digesting(): Promise<string | undefined>;
	/** Seals everything anew. Throws a UserError with exit code 3 while somebody works on a deployment of it. */
	rekey(resealed: Resealed): Promise<void>;
	/** Throws a UserError with exit code 4 if it has another UUID and something of its own, so that it can't become that store. */
	refuseOther(uuid: string): Promise<void>;
	/**
	 * Becomes the lost store that made a deployment, and records that, all at once. Throws as `refuseOther` does, and with exit code 3 while somebody
	 * works on another deployment of it: what they make carries the UUID that it had.
	 */
	adopt(fence: Fence, adopted: Omit<Adopted, "deployment">): Promise<void>;
	/** Where it was exported to, if it was. */
	moved(): Promise<Moved | undefined>;
	/**
	 * Says that the store is elsewhere from now on (undefined: that it is here). Throws a UserError with exit code 3 while somebody works on a
	 * deployment of it.
	 */
	move(moved: Moved | undefined): Promise<void>;
}

interface RecordRow {
	readonly record: string;
}

/**
 * The store in one SQLite file on a local disk, made if absent (folder 0700, file 0600).
 * Throws a UserError for a file that is newer, damaged, somebody else's or on a network file system.
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<SqliteStore> {
	const database = await openStoreFile(options);
	if (!options.evenMoved) closeIfMoved(database);
	const { clock, self = currentProcess(), leaseMs = LEASE_MS } = options;
	const holding = { database, clock, self, leaseMs, leases: new Set<Lease>() };
	const fenced = <T>(fence: Fence, work: () => T): T =>
		database.transaction(() => {
			checkFence(holding, fence);
			return work();
		});
	/** While nobody works on any deployment, or on none but one's own. */
	const alone = (work: () => void, own?: string) =>
		database.transaction(() => {
			for (const { deployment } of database.all<{ deployment: string }>("SELECT deployment FROM leases")) {
				if (deployment === own) continue;
				const holder = currentHolder(holding, deployment);
				if (holder) throw heldByAnother(deployment, holder);
			}
			work();
		});
	return {
		get uuid() {
			return database.get<{ uuid: string }>("SELECT uuid FROM store")?.uuid ?? "";
		},
		deployments: async () => records<DeploymentRecord>(database, "SELECT record FROM deployments ORDER BY name"),
		read: async (deployment) => database.snapshot(() => readDeployment(database, deployment)),
		orphanedDisks: async () =>
			records<DiskRecord>(database, "SELECT record FROM disks WHERE orphaned_at IS NOT NULL ORDER BY cpi, cid"),
		acquire: async (deployment, holder) => acquireLease(holding, deployment, holder),
		holder: async (deployment) => currentHolder(holding, deployment),
		write: async (fence, changes) =>
			fenced(fence, () => applyChanges(database, fence.deployment, changes, clock.now())),
		begin: async (fence, intent) => fenced(fence, () => beginIntent(database, fence, intent, clock.now())),
		finish: async (fence, intent, outcome, changes) =>
			fenced(fence, () => {
				finishIntent(database, fence.deployment, intent, { outcome, now: clock.now() });
				applyChanges(database, fence.deployment, changes, clock.now());
			}),
		variables: async (deployment) => readVariables(database, deployment),
		putVariables: async (fence, variables) => fenced(fence, () => putVariables(database, fence.deployment, variables)),
		...compiledPackages(database),
		...recordedEvents(database),
		hasVariables: async () => database.get("SELECT 1 FROM variables LIMIT 1") !== undefined,
		refuseOther: async (uuid) => refuseOther(database, uuid),
		adopt: async (fence, adopted) =>
			alone(() => {
				checkFence(holding, fence);
				adopt(database, { ...adopted, deployment: fence.deployment }, clock.now());
			}, fence.deployment),
		resurrection: async () => database.get("SELECT 1 FROM store WHERE resurrection = 1") !== undefined,
		setResurrection: async (on) => {
			database.run("UPDATE store SET resurrection = ?", on ? 1 : 0);
		},
		moved: async () => readMoved(database),
		digesting: async () => readDigesting(database),
		rekey: async (resealed) => {
			alone(() => resealAll(database, resealed));
			// What was sealed with the former key is in free pages else.
			database.run("VACUUM");
			database.get("PRAGMA wal_checkpoint(TRUNCATE)");
		},
		move: async (moved) => alone(() => writeMoved(database, moved)),
		close: async () => {
			await Promise.all([...holding.leases].map((lease) => lease.release()));
			database.close();
		},
	};
}

function closeIfMoved(database: Database): void {
	try {
		refuseMoved(database);
	} catch (error) {
		database.close();
		throw error;
	}
}

function readDeployment(database: Database, name: string): Recorded {
	const all = <T>(sql: string) => records<T>(database, sql, name);
	return {
		deployment: all<DeploymentRecord>("SELECT record FROM deployments WHERE name = ?")[0],
		instances: all<InstanceRecord>("SELECT record FROM instances WHERE deployment = ? ORDER BY id"),
		disks: all<DiskRecord>("SELECT record FROM disks WHERE deployment = ? ORDER BY cpi, cid"),
		openIntents: openIntents(database, name),
	};
}

function records<T>(database: Database, sql: string, ...values: string[]): readonly T[] {
	return database.all<RecordRow>(sql, ...values).map((row) => JSON.parse(row.record) as T);
}
