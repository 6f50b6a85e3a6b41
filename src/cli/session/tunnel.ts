import type { Duplex } from "node:stream";
import { DEFAULT_DEADLINES } from "../../ssh/deadline.ts";
import { dial } from "../../ssh/dial.ts";
import { createJumpClients } from "../../ssh/dial-jump.ts";
import type { SshTarget } from "../../ssh/ssh.ts";
import type { CliContext } from "../command.ts";

/** A raw byte stream to a port of an instance, the way its SSH port is reached. */
export function openTunnel(target: SshTarget, port: number, { clock, signal, env }: CliContext): Promise<Duplex> {
	const agent = env.SSH_AUTH_SOCK ? { agent: env.SSH_AUTH_SOCK } : {};
	return dial(target.dialer, target.host, port, {
		target: target.name,
		deadlines: DEFAULT_DEADLINES,
		clock,
		signal,
		onStage: () => {},
		jumpClients: createJumpClients(),
		...agent,
	});
}
