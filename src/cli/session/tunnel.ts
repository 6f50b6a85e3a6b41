import type { Duplex } from "node:stream";
import { DEFAULT_DEADLINES } from "../../ssh/deadline.ts";
import { dial } from "../../ssh/dial.ts";
import { createJumpClients } from "../../ssh/dial-jump.ts";
import type { Dialer } from "../../ssh/ssh.ts";
import type { CliContext } from "../command.ts";

/** Opens raw byte streams the way a VM's SSH port is reached. Jump hosts stay connected until it is closed. */
export interface Tunnels {
	open(to: { readonly name: string; readonly dialer: Dialer; readonly host: string }, port: number): Promise<Duplex>;
	close(): void;
}

export function createTunnels({ clock, signal, env }: Pick<CliContext, "clock" | "signal" | "env">): Tunnels {
	const jumpClients = createJumpClients();
	return {
		open: async ({ name, dialer, host }, port) => {
			const stream = await dial(dialer, host, port, {
				target: name,
				deadlines: DEFAULT_DEADLINES,
				clock,
				signal,
				onStage: () => {},
				jumpClients,
				...(env.SSH_AUTH_SOCK ? { agent: env.SSH_AUTH_SOCK } : {}),
			});
			// One side may have said all it has to say and still want to hear the other.
			stream.allowHalfOpen = true;
			return stream;
		},
		close: () => jumpClients.close(),
	};
}
