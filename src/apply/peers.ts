import type { InstanceName } from "../plan/step.ts";

/** A VM reads an archive from so few others at a time that its network and its jobs don't suffer; who has got it serves it as well. */
const TRANSFERS = 4;
/** A VM that failed with so many peers is taken to be what is wrong. */
const TRIES = 2;

/** What stood in the way of a transfer: the peer has it no more, or is not well; what is between the two; or the VM that was to fetch. */
export type TransferFault = "archive" | "peer" | "network" | "instance";

/** One package for one VM. */
export interface Wanted {
	/** The AZ, and the package's key: what is shared by VMs that may get it from each other. */
	readonly share: string;
	readonly instance: InstanceName;
	/** The VMs that the plan knows to have it. */
	readonly having: readonly InstanceName[];
	/** Networks on the way from a peer, the same text for the same ones; undefined: there is no way. */
	readonly route: (peer: InstanceName) => string | undefined;
	/** Undefined: done. */
	readonly fromPeer: (peer: InstanceName) => Promise<TransferFault | undefined>;
	readonly otherwise: () => Promise<void>;
}

/** Who has which packages, who serves them, and what did not work: for one run. */
export interface Peers {
	/** Brings the package from a peer, else otherwise: to one VM of each share at a time, while the others wait for it to become a peer. */
	bring(wanted: Wanted): Promise<void>;
	/** The instance's VM has it. */
	has(share: string, instance: InstanceName): void;
}

interface Share {
	readonly holders: Set<InstanceName>;
	/** Those that have it no more, or make another archive of it. */
	readonly dropped: Set<InstanceName>;
	/** A VM that gets it from elsewhere, to become a peer. */
	busy: InstanceName | undefined;
}

export function createPeers(): Peers {
	const shares = new Map<string, Share>();
	const serving = new Map<InstanceName, number>();
	const failures = new Map<InstanceName, number>();
	const unwell = new Set<InstanceName>();
	const closedRoutes = new Set<string>();
	let changed = Promise.withResolvers<void>();
	const tell = () => {
		changed.resolve();
		changed = Promise.withResolvers();
	};
	const shareOf = (name: string): Share => {
		const share = shares.get(name) ?? { holders: new Set(), dropped: new Set(), busy: undefined };
		shares.set(name, share);
		return share;
	};
	const count = (peer: InstanceName, by: 1 | -1) => serving.set(peer, (serving.get(peer) ?? 0) + by);
	const fails = (instance: InstanceName, by: number) => failures.set(instance, (failures.get(instance) ?? 0) + by);
	const isReached = ({ instance, route }: Wanted, peer: InstanceName): boolean => {
		const way = peer === instance ? undefined : route(peer);
		return way !== undefined && !closedRoutes.has(way) && !unwell.has(peer) && (failures.get(instance) ?? 0) < TRIES;
	};
	/** The one that has the least to do. */
	const peerFor = ({ holders, dropped }: Share, wanted: Wanted): InstanceName | undefined =>
		[...holders]
			.filter((peer) => !dropped.has(peer) && isReached(wanted, peer))
			.sort((a, b) => (serving.get(a) ?? 0) - (serving.get(b) ?? 0))[0];
	const transfer = async (peer: InstanceName, share: Share, wanted: Wanted): Promise<boolean> => {
		count(peer, 1);
		try {
			const fault = await wanted.fromPeer(peer);
			if (fault === undefined) share.holders.add(wanted.instance);
			if (fault === "archive") share.dropped.add(peer);
			if (fault === "peer") unwell.add(peer);
			if (fault === "network") closedRoutes.add(wanted.route(peer) ?? "");
			if (fault === "peer" || fault === "network") fails(wanted.instance, 1);
			if (fault === "instance") fails(wanted.instance, TRIES);
			return fault === undefined;
		} finally {
			count(peer, -1);
			tell();
		}
	};
	const otherwise = async (share: Share, wanted: Wanted): Promise<void> => {
		share.busy ??= wanted.instance;
		try {
			await wanted.otherwise();
			share.holders.add(wanted.instance);
		} finally {
			if (share.busy === wanted.instance) share.busy = undefined;
			tell();
		}
	};
	return {
		has: (name, instance) => {
			shareOf(name).holders.add(instance);
			tell();
		},
		bring: async (wanted) => {
			const share = shareOf(wanted.share);
			for (const peer of wanted.having) share.holders.add(peer);
			for (;;) {
				const peer = peerFor(share, wanted);
				if (peer === undefined && (share.busy === undefined || !isReached(wanted, share.busy)))
					return otherwise(share, wanted);
				if (peer === undefined || (serving.get(peer) ?? 0) >= TRANSFERS) await changed.promise;
				else if (await transfer(peer, share, wanted)) return;
			}
		},
	};
}
