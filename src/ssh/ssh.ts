import type { Duplex, Readable } from "node:stream";

/** What one remote command gave. `code` is undefined when a signal ended it. */
export interface RunResult {
	readonly code: number | undefined;
	readonly signal: string | undefined;
	readonly stdout: string;
	readonly stderr: string;
}

export interface RunOptions {
	readonly signal: AbortSignal;
	/** Sent to the command's standard input, which is then closed. */
	readonly stdin?: Readable | string | Uint8Array;
	/** Called with each whole line as it comes. */
	readonly onLine?: (stream: "stdout" | "stderr", line: string) => void;
	/** A stream without a byte for this long fails (a stalled connection). Default: none, as hooks may be silent. */
	readonly idleMs?: number;
	/** Keep at most this many bytes of each stream (the last ones). Default 1 MiB. */
	readonly maxBytes?: number;
}

/** One kept connection to one VM. Commands run as root (through sudo where the login user isn't root), by `bash`. */
export interface SshConnection {
	/** Runs a script; resolves whatever its exit code. Rejects only when the connection fails or `signal` aborts. */
	run(script: string, options: RunOptions): Promise<RunResult>;
	/** The command's standard output as a stream; it errors if the exit code isn't 0. */
	stream(script: string, options: RunOptions): Promise<Readable>;
	/** The byte stream to a port that the VM can reach, one of its own or another's (SSH's direct-tcpip). */
	forward(host: string, port: number, options: { readonly signal: AbortSignal }): Promise<Duplex>;
	close(): void;
}

/** How the byte stream to a VM's port is made. */
export type Dialer =
	| { readonly type: "direct" }
	/** Through jump hosts, in order; each with its own verified host key. */
	| { readonly type: "jump"; readonly hosts: readonly JumpHost[] }
	/** A ProxyCommand; `%h` and `%p` are host and port. */
	| { readonly type: "command"; readonly command: string }
	/** The embedded provider's gateway: a Unix socket. */
	| { readonly type: "gateway"; readonly socket: string };

export interface JumpHost {
	readonly host: string;
	readonly port: number;
	readonly user: string;
	/** `ssh-ed25519 AAAA…`; one of these must be shown. */
	readonly hostKeys: readonly string[];
	/** OpenSSH private key text; absent: the SSH agent. */
	readonly privateKey?: string;
}

export interface SshTarget {
	/** For messages: `database/0`. */
	readonly name: string;
	readonly host: string;
	readonly port: number;
	readonly user: string;
	readonly privateKey: string;
	/** Accepted host keys, `ssh-ed25519 AAAA…`. Anything else is refused, never learnt. */
	readonly hostKeys: readonly string[];
	readonly dialer: Dialer;
}

/** Milliseconds. The design's deadlines table. */
export interface SshDeadlines {
	readonly dial: number;
	readonly banner: number;
	readonly authentication: number;
}

/** The stages of reaching a VM, in order. A failure names its stage. */
export type SshStage = "resolve" | "dial" | "gateway" | "banner" | "host-key" | "auth" | "sudo" | "shell";

/** The port: one kept connection a VM, at most 8 handshakes in flight through one gateway and 8 sessions on one connection. */
export interface Ssh {
	/** Connects, or returns the kept connection. */
	connect(target: SshTarget, options: { readonly signal: AbortSignal }): Promise<SshConnection>;
	/** The byte stream to another port of the VM than SSH's, by its dialer; for a protocol whose client speaks first. It is the caller's to end. */
	dial(
		target: Pick<SshTarget, "name" | "host" | "dialer">,
		port: number,
		options: { readonly signal: AbortSignal },
	): Promise<Duplex>;
	/** Closes the kept connection, if there is one: the VM is another, or off. The next `connect` dials anew. */
	disconnect(target: SshTarget): void;
	close(): void;
}
