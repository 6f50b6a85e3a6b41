import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { openWebhook } from "../../../../src/cli/session/health-webhook.ts";
import type { DavitEvent } from "../../../../src/events.ts";

const servers: Server[] = [];
afterEach(() => {
	for (const server of servers.splice(0)) {
		server.closeAllConnections();
		server.close();
	}
});

/** A server that takes what is posted to it, as `answer` says; its URL has a secret in it. */
async function listen(answer: (request: IncomingMessage, response: ServerResponse, posted: number) => void) {
	const bodies: unknown[] = [];
	const server = createServer(async (request, response) => {
		const chunks = await request.toArray();
		bodies.push(JSON.parse(Buffer.concat(chunks).toString()));
		answer(request, response, bodies.length);
	});
	servers.push(server);
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	return { bodies, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?token=s3cr3t` };
}

function open(url: string) {
	const told: string[] = [];
	const webhook = openWebhook(url, {
		emit: (event) => {
			if (event.type === "problem") told.push(event.problem.message.replace(/:\d+/, ":PORT"));
			if (event.type === "note") told.push(event.text.replace(/:\d+/, ":PORT"));
		},
	});
	return { told, webhook };
}

const health = (number: number): DavitEvent => ({
	type: "health",
	at: number,
	deployment: "tiny",
	verdict: "missing",
	text: `missing: ${number}`,
	instance: "db/0",
});

test("what is told is posted in order, as JSON", async () => {
	const { bodies, url } = await listen((_, response) => response.writeHead(204).end());
	const { told, webhook } = open(url);
	for (const number of [1, 2, 3]) webhook.post(health(number));
	await webhook.close();
	expect(bodies).toEqual([health(1), health(2), health(3)]);
	expect(told).toEqual([]);
});

test("one that fails is told once, and again when it takes what is told; its token is not shown", async () => {
	const { url } = await listen((_, response, posted) =>
		response.writeHead(posted <= 2 ? 503 : 200).end("x".repeat(100_000)),
	);
	const { told, webhook } = open(url);
	for (const number of [1, 2, 3, 4]) webhook.post(health(number));
	await webhook.close();
	expect(told).toEqual([
		"the webhook at http://127.0.0.1:PORT does not take what is told: status 503",
		"the webhook at http://127.0.0.1:PORT takes what is told again; 2 events were lost",
	]);
});

test("nobody who listens, and a redirect, are told as that", async () => {
	const gone = await listen(() => {});
	await new Promise((resolve) => servers.pop()?.close(resolve));
	const closed = open(gone.url);
	closed.webhook.post(health(1));
	await closed.webhook.close();
	expect(closed.told).toEqual(["the webhook at http://127.0.0.1:PORT does not take what is told: ECONNREFUSED"]);
	const { url, bodies } = await listen((_, response) => response.writeHead(307, { location: "/elsewhere" }).end());
	const { told, webhook } = open(url);
	webhook.post(health(1));
	await webhook.close();
	expect([told.length, bodies.length]).toEqual([1, 1]);
});

test("one that hangs holds nobody up: the end comes after 5 s, and what waits is bounded", async () => {
	const { bodies, url } = await listen(() => {});
	const { webhook } = open(url);
	for (let number = 0; number < 5000; number += 1) webhook.post(health(number));
	const before = performance.now();
	await webhook.close();
	expect(performance.now() - before).toBeLessThan(15_000);
	expect(bodies.length).toBeLessThanOrEqual(2);
});

test.each(["hook", "ftp://host/", ""])("%j is no URL", (url) => {
	expect(() => open(url)).toThrow("that is no http or https URL");
});
