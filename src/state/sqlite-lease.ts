import type { Clock } from "../clock.ts";
import { heldByAnother, leaseLost } from "./held.ts";
import type { HolderProcess } from "./holder-process.ts";
import type { Database } from "./sqlite-database.ts";
import { refuseMoved } from "./sqlite-moved.ts";
import type { Fence, Lease, LeaseHolder } from "./state.ts";

/** A lease's time without a renewal, in ms; a third of it passes between two. */
export const LEASE_MS = 30_000;

interface LeaseRow {
	readonly number: number;
	readonly holder: string;
	readonly machine: string;
	readonly pid: number;
	readonly acquired_at: number;
	readonly expires_at: number;
}

interface Holding {
	readonly database: Database;
	readonly clock: Clock;
	readonly self: HolderProcess;
	/** How long a lease of this process lasts without a renewal. */
	readonly leaseMs: number;
	/** Those not yet released. */
	readonly leases: Set<Lease>;
}

/** Who holds the deployment now: not one whose time is over or whose process is gone. */
export function currentHolder({ database, clock, self }: Holding, deployment: string): LeaseHolder | undefined {
	const row = database.get<LeaseRow>("SELECT * FROM leases WHERE deployment = ?", deployment);
	if (!row || row.expires_at <= clock.now()) return undefined;
	if (row.machine === self.machine && !self.isRunning(row.pid)) return undefined;
	const { holder, number, acquired_at: acquiredAt, expires_at: expiresAt } = row;
	return { holder, number, acquiredAt, expiresAt, ...(row.machine === self.machine ? { pid: row.pid } : {}) };
}

/** Throws unless the fence is the last that was given out for its deployment, and not yet given back. */
export function checkFence(holding: Holding, fence: Fence): void {
	const row = holding.database.get<LeaseRow>("SELECT * FROM leases WHERE deployment = ?", fence.deployment);
	if (row?.number !== fence.number) throw leaseLost(fence, currentHolder(holding, fence.deployment));
}

/** Takes the deployment with a new, higher number, and renews it until it is released or lost. */
export function acquireLease(holding: Holding, deployment: string, holder: string): Lease {
	const { database, clock, self, leaseMs } = holding;
	const heldFrom = clock.monotonic();
	const number = database.transaction(() => {
		refuseMoved(database);
		const other = currentHolder(holding, deployment);
		if (other) throw heldByAnother(deployment, other);
		const next = database.get<{ fence: number }>("UPDATE store SET fence = fence + 1 RETURNING fence")?.fence ?? 0;
		database.run(
			"INSERT OR REPLACE INTO leases (deployment, number, holder, machine, pid, acquired_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
			...[deployment, next, holder, self.machine, self.pid, clock.now(), clock.now() + leaseMs],
		);
		return next;
	});
	return new SqliteLease(holding, { deployment, number }, heldFrom);
}

class SqliteLease implements Lease {
	readonly fence: Fence;
	readonly #holding: Holding;
	readonly #lost = new AbortController();
	readonly #timer: NodeJS.Timeout;
	#renewedAt: number;
	#expiresAt: number;

	constructor(holding: Holding, fence: Fence, heldFrom: number) {
		this.#holding = holding;
		this.fence = fence;
		this.#renewedAt = heldFrom;
		this.#expiresAt = holding.clock.now() + holding.leaseMs;
		holding.leases.add(this);
		this.#timer = setInterval(() => this.#renew(), holding.leaseMs / 3).unref();
	}

	get signal(): AbortSignal {
		return this.#lost.signal;
	}

	check(): void {
		const { clock, leaseMs } = this.#holding;
		if (clock.monotonic() - this.#renewedAt >= leaseMs) this.#lose();
		// A suspended machine stops the monotonic clock, while others may already see the lease's time as over.
		if (clock.now() >= this.#expiresAt) this.#renew();
		this.signal.throwIfAborted();
	}

	async release(): Promise<void> {
		clearInterval(this.#timer);
		const { database, leases } = this.#holding;
		leases.delete(this);
		database.run("DELETE FROM leases WHERE deployment = ? AND number = ?", this.fence.deployment, this.fence.number);
	}

	#renew(): void {
		const { database, clock, leaseMs } = this.#holding;
		const at = clock.monotonic();
		if (at - this.#renewedAt >= leaseMs) {
			this.#lose();
			return;
		}
		const expiresAt = clock.now() + leaseMs;
		try {
			const { changes } = database.run(
				"UPDATE leases SET expires_at = ? WHERE deployment = ? AND number = ?",
				...[expiresAt, this.fence.deployment, this.fence.number],
			);
			if (changes === 0) {
				this.#lose();
				return;
			}
			this.#renewedAt = at;
			this.#expiresAt = expiresAt;
		} catch {
			// A full disk or a long writer may pass before the lease's time is over: the next turn decides.
		}
	}

	#lose(): void {
		clearInterval(this.#timer);
		if (this.signal.aborted) return;
		let holder: LeaseHolder | undefined;
		try {
			holder = currentHolder(this.#holding, this.fence.deployment);
		} catch {
			// That the lease is lost matters more than who has it now.
		}
		this.#lost.abort(leaseLost(this.fence, holder?.number === this.fence.number ? undefined : holder));
	}
}
