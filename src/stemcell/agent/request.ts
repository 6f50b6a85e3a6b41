import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import type { Duplex } from "node:stream";
import { connect, type TLSSocket } from "node:tls";
import type { Clock } from "../../clock.ts";
import { withDeadline } from "../../ssh/deadline.ts";
import { SshError } from "../../ssh/errors.ts";
import type { AgentEndpoint } from "./endpoint.ts";
import { type AgentPeer, agentSilent, answerLost, noAgent, tlsFailed } from "./failures.ts";

/** How one VM's agent is reached. */
export interface AgentTarget extends AgentPeer {
	readonly endpoint: Pick<AgentEndpoint, "agentId" | "user" | "password"> & {
		readonly certificate: Pick<AgentEndpoint["certificate"], "ca">;
	};
	/** A byte stream to the agent's port, by the dialer of the VM's network. Rejects with an SshError of its stage. */
	readonly dial: (signal: AbortSignal) => Promise<Duplex>;
}

export interface RequestOptions {
	readonly clock: Clock;
	readonly signal: AbortSignal;
	/** Milliseconds for TLS, and again for the answer. */
	readonly deadlineMs: number;
}

/** Bytes of an answer; the longest, a full state, has some hundred kB. */
const ANSWER_LIMIT = 16 * 1024 * 1024;

/**
 * Posts one message to the agent over a stream of its own, and gives status and text of the answer. Nothing is sent before the agent has
 * proven that it has the key of the certificate that davit made for this VM.
 */
export async function post(
	target: AgentTarget,
	body: string,
	options: RequestOptions,
): Promise<{ readonly status: number; readonly text: string }> {
	const stream = await target.dial(options.signal);
	stream.on("error", () => {});
	try {
		const within = { ms: options.deadlineMs, clock: options.clock, signal: options.signal };
		const late = (stage: "tls" | "answer") => () => agentSilent(target, stage, options.deadlineMs);
		const secure = await withDeadline({ ...within, late: late("tls") }, (until) => startTls(stream, target, until));
		return await withDeadline({ ...within, late: late("answer") }, (until) => exchange(secure, target, body, until));
	} finally {
		stream.destroy();
	}
}

async function startTls(stream: Duplex, target: AgentTarget, signal: AbortSignal): Promise<TLSSocket> {
	const { agentId, certificate } = target.endpoint;
	const secure = connect({ socket: stream, ca: certificate.ca, servername: agentId, minVersion: "TLSv1.2" });
	try {
		await once(secure, "secureConnect", { signal });
		secure.on("error", () => {});
		return secure;
	} catch (error) {
		secure.on("error", () => {});
		secure.destroy();
		signal.throwIfAborted();
		// A dialer that can't tell beforehand whether it is through says so here.
		throw stream.errored instanceof SshError ? stream.errored : tlsFailed(target, error as Error);
	}
}

async function exchange(secure: TLSSocket, target: AgentTarget, body: string, signal: AbortSignal) {
	const { user, password } = target.endpoint;
	const sent = request({
		method: "POST",
		path: "/agent",
		auth: `${user}:${password}`,
		headers: { "content-type": "application/json", "content-length": Buffer.byteLength(body), connection: "close" },
		// Only without an agent of its own does Node take this stream.
		createConnection: () => secure,
		signal,
	});
	try {
		sent.end(body);
		const [answer] = (await once(sent, "response", { signal })) as [IncomingMessage];
		return { status: answer.statusCode ?? 0, text: await textOf(answer, target) };
	} catch (error) {
		sent.on("error", () => {});
		sent.destroy();
		signal.throwIfAborted();
		throw error instanceof Error && error.name !== "AgentError" ? answerLost(target, error) : error;
	}
}

async function textOf(answer: IncomingMessage, target: AgentTarget): Promise<string> {
	const chunks: Buffer[] = [];
	let size = 0;
	for await (const chunk of answer as AsyncIterable<Buffer>) {
		size += chunk.length;
		if (size > ANSWER_LIMIT) throw noAgent(target, `it sends more than ${ANSWER_LIMIT} bytes`);
		chunks.push(chunk);
	}
	return Buffer.concat(chunks).toString("utf8");
}
