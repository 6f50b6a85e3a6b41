import type { ApplyContext } from "../../apply/context.ts";
import { createPeers } from "../../apply/peers.ts";
import { PEER_KEY } from "../../machine/peer.ts";
import { generateKeyPair, type KeyPair } from "../../ssh/keys.ts";
import type { CliContext } from "../command.ts";
import type { Machines } from "./machines.ts";

interface PeeringParts extends Pick<ApplyContext, "records" | "desired"> {
	readonly context: Pick<CliContext, "hide">;
	readonly machines: Machines;
}

/** What VMs need to get packages by themselves; from each other: a key of this run's own, and the ways between them. */
export function peering({
	context,
	machines,
	...parts
}: PeeringParts): Pick<ApplyContext, "cannotFetch" | "peers" | "serving" | "toldOfPeers" | "peerKey" | "peerAddress"> {
	let key: KeyPair | undefined;
	return {
		cannotFetch: new Set(),
		peers: createPeers(),
		serving: new Map(),
		toldOfPeers: new Set(),
		peerKey: () => {
			if (!key) {
				key = generateKeyPair(PEER_KEY);
				context.hide([key.privateKey]);
			}
			return key;
		},
		peerAddress: (peer, of) => {
			const found = privateAddress(peer, of, parts);
			if (!found || !parts.records.find(peer)?.vm) return undefined;
			const { port, user, hostKeys } = machines.target(peer);
			return { ...found, port, user, hostKeys };
		},
	};
}

/** On a network that both are in, else on the peer's default one; never one that is mapped to it from outside. */
function privateAddress(
	peer: string,
	of: string,
	{ records, desired }: Pick<PeeringParts, "records" | "desired">,
): { readonly network: string; readonly host: string } | undefined {
	const networks = (name: string) =>
		Object.entries(desired.get(name)?.shape.networks ?? {}).flatMap(([network, { type }]) =>
			type === "vip" ? [] : [network],
		);
	const own = networks(of);
	const theirs = networks(peer);
	const first = desired.get(peer)?.placed.defaultNetwork ?? "";
	const network = theirs.find((name) => own.includes(name)) ?? (theirs.includes(first) ? first : theirs[0]);
	const host = network === undefined ? undefined : records.find(peer)?.ips[network];
	return network === undefined || host === undefined ? undefined : { network, host };
}
