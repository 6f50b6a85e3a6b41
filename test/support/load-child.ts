import http from "node:http";
import process from "node:process";
import { createInterface } from "node:readline";
import type { LoadOptions, LoadReport, SlowRequest } from "./load.ts";

/**
 * Sends requests until its standard input ends and those of another second are sent, waits for those in flight, and prints a {@link LoadReport};
 * before that a line, once each kind of quick request was answered. The pace is that of the clock: while
 * answers are slow, requests are sent all the same. Half of the quick ones each make a connection, half share kept ones; every second a slow
 * one begins, in turn by each kind. A request is never sent again.
 */
const options = JSON.parse(process.argv[2] ?? "") as LoadOptions;
/** Longer than any answer may take, in ms. */
const LONGEST_MS = 30_000;
/** As many sockets as requests in flight at most wait for; all take turns, so that none is idle for long. */
const kept = new http.Agent({ keepAlive: true, maxSockets: 32, scheduling: "fifo" });
const [first = "", second = first] = options.hosts;

const failures: string[] = [];
const slow: SlowRequest[] = [];
const counts = { requests: 0, connections: 0 };
const inFlight = new Set<Promise<void>>();

/** Kinds of quick requests that were answered: host, method and connection. */
const answered = new Set<number>();

function send(path: string, host: string, method: string, agent: http.Agent | false): Promise<string> {
	counts.requests += 1;
	return new Promise((resolve, reject) => {
		const signal = AbortSignal.timeout(LONGEST_MS);
		const request = http.request(
			{ ...options.balancer, path, method, agent, signal, headers: { host } },
			(response) => {
				let text = "";
				response.setEncoding("utf8").on("data", (part) => {
					text += part;
				});
				response.on("error", reject);
				response.on("end", () => {
					if (response.statusCode === 200 && text.startsWith("ok ")) resolve(text.slice(3).trim());
					else reject(new Error(`status ${response.statusCode}: ${text.trim()}`));
				});
			},
		);
		request.on("socket", (socket) => {
			if (socket.connecting) counts.connections += 1;
		});
		request.on("error", reject);
		request.end();
	});
}

function begin(path: string, number: number): void {
	const host = number % 2 === 0 ? first : second;
	const agent = number % 4 < 2 ? kept : false;
	const method = number % 8 < 4 ? "GET" : "POST";
	const from = Date.now();
	const sent = send(path, host, method, agent).then(
		(by) => {
			if (path === "/slow") slow.push({ by, from, to: Date.now() });
			else answer(number % 8);
		},
		(error: Error & { code?: string }) => {
			const how = `${method} ${host}${path} on a ${agent ? "kept" : "new"} connection`;
			failures.push(`${new Date(from).toISOString()} +${Date.now() - from} ms ${how}: ${error.code ?? error.message}`);
		},
	);
	inFlight.add(sent);
	void sent.then(() => inFlight.delete(sent));
}

function answer(kind: number): void {
	if (answered.size < 8 && answered.add(kind).size === 8) process.stdout.write("each kind was answered\n");
}

const started = Date.now();
const sent = { quick: 0, slow: 0 };
let last = Number.POSITIVE_INFINITY;
const { promise: all, resolve: enough } = Promise.withResolvers<void>();
const pace = setInterval(() => {
	const seconds = (Date.now() - started) / 1000;
	while (sent.quick < seconds * options.perSecond) begin("/", sent.quick++);
	while (sent.slow < seconds) begin("/slow", sent.slow++);
	if (sent.quick >= last) enough();
}, 5);

for await (const _ of createInterface({ input: process.stdin }));
last = sent.quick + options.perSecond;
await all;
clearInterval(pace);
const seconds = (Date.now() - started) / 1000;
await Promise.all(inFlight);
process.stdout.write(`${JSON.stringify({ ...counts, seconds, failures, slow } satisfies LoadReport)}\n`);
process.exit(0);
