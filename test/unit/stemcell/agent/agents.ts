import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import { connect, type Server } from "node:net";
import type { Clock } from "../../../../src/clock.ts";
import { undialled } from "../../../../src/ssh/dial-failures.ts";
import { type AgentEndpoint, makeAgentEndpoint } from "../../../../src/stemcell/agent/endpoint.ts";
import type { AgentTarget } from "../../../../src/stemcell/agent/request.ts";
import { manualClock, systemRandom } from "../../../support/manual-clock.ts";
import { realClock } from "../../../support/real-clock.ts";

/** What an agent in a test is asked: the message's method and arguments. */
export interface Asked {
	readonly method: string;
	readonly arguments: readonly unknown[];
	readonly reply_to: string;
}

/** Answers one message: a JSON answer, or whatever it does with the response itself. */
export type Answers = (asked: Asked, response: ServerResponse, request: IncomingMessage) => object | undefined;

export const endpointAt = (clock: Clock): Promise<AgentEndpoint> => makeAgentEndpoint({ clock, random: systemRandom });
/** Keys take a while to make. */
export const ENDPOINT = await endpointAt(realClock);

/** Deadlines are of real time; the pauses between two tries, which are shorter, take none. */
export const hurried: Clock = {
	...realClock,
	sleep: (ms, signal) => (ms > 5000 ? realClock.sleep(ms, signal) : manualClock().sleep(ms, signal)),
};

export interface Listening {
	readonly target: AgentTarget;
	close(): void;
}

/** A TLS server with that endpoint's certificate, for errors that a real agent can't be made to show. */
export async function startAgent(answers: Answers, endpoint: AgentEndpoint = ENDPOINT): Promise<Listening> {
	const { certificate: cert, private_key: key } = endpoint.certificate;
	const server = createServer({ cert, key }, async (request, response) => {
		const body = Buffer.concat(await request.toArray());
		const answer = answers(JSON.parse(body.toString("utf8")) as Asked, response, request);
		if (answer) response.end(JSON.stringify(answer));
	});
	return listen(server, endpoint);
}

/** Any server in an agent's place. */
export async function listen(server: Server, endpoint: AgentEndpoint = ENDPOINT): Promise<Listening> {
	server.on("tlsClientError", () => {});
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	const address = server.address();
	const port = typeof address === "object" && address !== null ? address.port : 0;
	return { target: targetAt(port, endpoint), close: () => server.close() };
}

function targetAt(port: number, endpoint: AgentEndpoint = ENDPOINT): AgentTarget {
	return {
		name: "database/0",
		address: "10.0.0.5:6868",
		endpoint,
		dial: async (signal) => {
			const socket = connect(port, "127.0.0.1");
			try {
				await once(socket, "connect", { signal });
			} catch (error) {
				signal.throwIfAborted();
				throw undialled("database/0", "10.0.0.5:6868", error);
			}
			return socket;
		},
	};
}
