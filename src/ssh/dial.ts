import type { Duplex } from "node:stream";
import type { Clock } from "../clock.ts";
import { dialCommand } from "./dial-command.ts";
import { dialDirect } from "./dial-direct.ts";
import { dialGateway } from "./dial-gateway.ts";
import { dialJump, type JumpClients } from "./dial-jump.ts";
import type { Dialer, SshDeadlines, SshStage } from "./ssh.ts";

export interface DialContext {
	/** The instance that is dialled, for messages: `database/0`. */
	readonly target: string;
	readonly deadlines: SshDeadlines;
	readonly clock: Clock;
	readonly signal: AbortSignal;
	readonly onStage: (stage: SshStage) => void;
	readonly jumpClients: JumpClients;
	/** Path of the SSH agent's socket, for jump hosts without a private key. */
	readonly agent?: string;
	/** Whose bytes come first, as far as it matters to a dialer that can't see whether it is through. Default: the server's, as in SSH. */
	readonly speaksFirst?: "server" | "client";
}

/** The byte stream to a host's port, by the dialer that the cloud file names. Rejects with an SshError of stage resolve, dial or gateway. */
export function dial(dialer: Dialer, host: string, port: number, context: DialContext): Promise<Duplex> {
	switch (dialer.type) {
		case "direct":
			return dialDirect(host, port, context);
		case "jump":
			return dialJump(dialer.hosts, host, port, context);
		case "command":
			return dialCommand(dialer.command, host, port, context);
		case "gateway":
			return dialGateway(dialer.socket, host, port, context);
	}
}

/** What all streams through one gateway have in common: it may take only so many logins at once. */
export function gatewayKey(dialer: Dialer, host: string, port: number): string {
	switch (dialer.type) {
		case "direct":
			return `direct ${host} ${port}`;
		case "jump":
			return `jump ${JSON.stringify(dialer.hosts.map((jump) => [jump.host, jump.port]))}`;
		case "command":
			return `command ${dialer.command}`;
		case "gateway":
			return `gateway ${dialer.socket}`;
	}
}
