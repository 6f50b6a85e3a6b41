import { lookup } from "node:dns/promises";
import { once } from "node:events";
import { connect, isIP, type LookupFunction, type Socket } from "node:net";
import { withDeadline } from "./deadline.ts";
import type { DialContext } from "./dial.ts";
import { dialledTooLong, undialled, unresolved } from "./dial-failures.ts";

interface Address {
	readonly address: string;
	readonly family: number;
}

/** Milliseconds for one of a name's several addresses; Node's own 250 is short of a far continent's round trip. */
const ADDRESS_ATTEMPT = 2_000;

/** A TCP connection to the host's addresses in turn. */
export async function dialDirect(host: string, port: number, context: DialContext): Promise<Socket> {
	const addresses = await resolve(host, context);
	context.onStage("dial");
	const known: LookupFunction = (_host, options, done) => {
		if (options.all) done(null, [...addresses]);
		else done(null, addresses[0]?.address ?? "", addresses[0]?.family ?? 4);
	};
	const { deadlines, clock, signal, target } = context;
	const address = showAddress(host, port);
	const late = () => dialledTooLong(target, address, deadlines.dial);
	return withDeadline({ ms: deadlines.dial, clock, signal, late }, async (until) => {
		const socket = connect({
			host,
			port,
			lookup: known,
			autoSelectFamily: true,
			autoSelectFamilyAttemptTimeout: ADDRESS_ATTEMPT,
			noDelay: true,
		});
		try {
			await once(socket, "connect", { signal: until });
			return socket;
		} catch (error) {
			socket.on("error", () => {});
			socket.destroy();
			until.throwIfAborted();
			throw undialled(target, address, error);
		}
	});
}

/** `10.0.0.5:22`, `[fd00::5]:22` */
export function showAddress(host: string, port: number): string {
	return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}

async function resolve(host: string, context: DialContext): Promise<readonly Address[]> {
	context.onStage("resolve");
	const family = isIP(host);
	if (family !== 0) return [{ address: host, family }];
	const { deadlines, clock, signal, target } = context;
	const late = () => unresolved(target, host, Object.assign(new Error("no answer"), { code: "ETIMEOUT" }));
	return withDeadline({ ms: deadlines.dial, clock, signal, late }, async () => {
		try {
			return await lookup(host, { all: true });
		} catch (error) {
			throw unresolved(target, host, error);
		}
	});
}
