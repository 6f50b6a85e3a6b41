import { once } from "node:events";
import type { Duplex } from "node:stream";
import ssh2, { type Client, type ConnectConfig } from "ssh2";
import type { Clock } from "../clock.ts";
import { ALGORITHMS, hostKeyOrder, missingAlgorithm } from "./algorithms.ts";
import { withDeadline } from "./deadline.ts";
import { SshError } from "./errors.ts";
import { createGreetingReader, type Greeting } from "./greeting.ts";
import * as failures from "./handshake-failures.ts";
import { fingerprint, publicKeyBlob, publicKeyType } from "./keys.ts";
import type { SshDeadlines, SshStage } from "./ssh.ts";

/** How a server is entered, and by which host keys it is known. */
export interface Login extends failures.Peer {
	readonly hostKeys: readonly string[];
	readonly privateKey?: string;
	/** Path of an SSH agent's socket, used without a private key. */
	readonly agent?: string;
	readonly wrongHostKey: (peer: failures.Peer, shown: Buffer, accepted: readonly string[]) => SshError;
}

export interface HandshakeOptions {
	readonly deadlines: SshDeadlines;
	readonly clock: Clock;
	readonly signal: AbortSignal;
	readonly onStage: (stage: SshStage) => void;
}

/** Milliseconds between two questions to a server that says nothing, and how many may stay unanswered. */
const KEEPALIVE = { keepaliveInterval: 15_000, keepaliveCountMax: 3 };

/** What was learnt so far, for the message if it ends here. */
interface Progress {
	stage: "banner" | "host-key" | "auth";
	greeting: Greeting;
	shownKey?: Buffer;
}

/** A client that is logged in over the stream, and the host key that was shown. The stream is closed if it comes to nothing. */
export async function handshake(
	stream: Duplex,
	login: Login,
	options: HandshakeOptions,
): Promise<{ client: Client; hostKey: Buffer }> {
	const progress: Progress = { stage: "banner", greeting: { before: [] } };
	const enter = (stage: Progress["stage"]) => {
		progress.stage = stage;
		options.onStage(stage);
	};
	enter("banner");
	const client = new ssh2.Client();
	const greeted = readGreeting(stream, progress);
	const ended = clientEnd(client, login, progress);
	try {
		client.on("handshake", () => enter("auth"));
		client.connect(configuration(stream, login, progress));
		const ready = once(client, "ready", { signal: options.signal });
		ready.catch(() => {});
		const { banner, authentication } = options.deadlines;
		const silent = () => late(login, progress, banner);
		await withDeadline({ ...options, ms: banner, late: silent }, () => Promise.race([greeted, ended]));
		enter("host-key");
		const stuck = () => late(login, progress, authentication);
		// Both may have failed already, and only the first one says at which stage.
		await withDeadline({ ...options, ms: authentication, late: stuck }, () => Promise.race([ended, ready]));
		dropAfterEnd(stream);
		return { client, hostKey: progress.shownKey ?? Buffer.alloc(0) };
	} catch (error) {
		client.destroy();
		stream.destroy();
		throw error;
	}
}

/** Milliseconds that the other side has to end its half too. */
const FAREWELL_MS = 2_000;

/** A VM that is gone answers nothing when its connection is ended: the process would stay with it for minutes. */
function dropAfterEnd(stream: Duplex): void {
	stream.once("finish", () => {
		const drop = setTimeout(() => stream.destroy(), FAREWELL_MS).unref();
		stream.once("close", () => clearTimeout(drop));
	});
}

function configuration(stream: Duplex, login: Login, progress: Progress): ConnectConfig {
	const { kex, cipher, hmac } = ALGORITHMS;
	const order = hostKeyOrder(login.hostKeys.map(publicKeyType));
	return {
		sock: stream,
		username: login.user,
		...credentials(login),
		readyTimeout: 0,
		...KEEPALIVE,
		algorithms: { kex: [...kex], cipher: [...cipher], hmac: [...hmac], serverHostKey: order } as NonNullable<
			ConnectConfig["algorithms"]
		>,
		hostVerifier: (shown: Buffer) => {
			progress.shownKey = Buffer.from(shown);
			return login.hostKeys.some((known) => publicKeyBlob(known).equals(shown));
		},
	};
}

function credentials(login: Login): Pick<ConnectConfig, "privateKey" | "agent" | "authHandler"> {
	const { privateKey, agent } = login;
	if (privateKey !== undefined) {
		const parsed = ssh2.utils.parseKey(privateKey);
		if (parsed instanceof Error) throw failures.noLogin(login, "the private key for it can't be read", parsed);
		return { privateKey, authHandler: ["publickey"] };
	}
	if (agent === undefined) throw failures.noLogin(login, "there is neither a private key for it nor an SSH agent");
	return { agent, authHandler: ["agent"] };
}

/** Listens beside the client for what the server says in the clear; resolves when it identifies itself. */
function readGreeting(stream: Duplex, progress: Progress): Promise<void> {
	const reader = createGreetingReader();
	stream.pause();
	return new Promise((resolve) => {
		const listen = (chunk: Buffer) => {
			progress.greeting = reader.read(chunk);
			if (progress.greeting.identification !== undefined) resolve();
			if (reader.done) stream.off("data", listen);
		};
		stream.on("data", listen);
	});
}

/** Rejects with what the end of this client means at the stage that it had come to. */
function clientEnd(client: Client, login: Login, progress: Progress): Promise<never> {
	const ended = new Promise<never>((_, reject) => {
		client.on("error", (error) => reject(explain(error, login, progress)));
		client.on("close", () => reject(explain(undefined, login, progress)));
	});
	ended.catch(() => {});
	return ended;
}

function explain(error: (Error & { level?: string }) | undefined, login: Login, progress: Progress): Error {
	if (error instanceof SshError) return error;
	const { greeting, shownKey, stage } = progress;
	if (greeting.identification === undefined) return noBanner(login, greeting, error);
	const missing = greeting.algorithms ? missingAlgorithm(greeting.algorithms) : undefined;
	if (greeting.algorithms && missing) return failures.noCommonAlgorithm(login, missing, greeting.algorithms[missing]);
	if (shownKey && !login.hostKeys.some((known) => publicKeyBlob(known).equals(shownKey))) {
		return login.wrongHostKey(login, shownKey, login.hostKeys.map(fingerprint));
	}
	if (error?.level === "handshake") return failures.unprovenHostKey(login, error);
	if (error?.level === "client-authentication" || error?.level === "agent") {
		return failures.refusedLogin(login, login.privateKey === undefined ? "agent" : "key", error);
	}
	const during = stage === "auth" ? "the login" : "the key exchange";
	const why = error ? `: ${error.message}` : "";
	return failures.handshakeEnded(login, stage, `the connection was lost during ${during}${why}`, error);
}

function noBanner(login: Login, greeting: Greeting, error: Error | undefined): SshError {
	const said = printable(greeting.before);
	const overloaded = said === "" || /MaxStartups|Not allowed at this time/.test(said);
	return overloaded ? failures.closedBeforeBanner(login, said, error) : failures.notSsh(login, said);
}

function late(login: Login, progress: Progress, ms: number): SshError {
	if (progress.stage === "banner") {
		const said = printable(progress.greeting.before);
		return said ? failures.notSsh(login, said) : failures.silent(login, ms);
	}
	const what = progress.stage === "auth" ? "the login" : "the key exchange";
	return failures.handshakeEnded(login, progress.stage, `${what} has not ended within ${ms / 1000} s`);
}

/** What a stranger said, fit for a message. */
function printable(lines: readonly string[]): string {
	return lines
		.join(" ")
		.replace(/[^\x20-\x7e\u00a0-\uffff]/g, "")
		.trim();
}
