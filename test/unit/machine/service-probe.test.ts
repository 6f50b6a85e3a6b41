import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseProbe, probeScript } from "../../../src/machine/probe.ts";
import { type ServiceProbe, serviceFailure } from "../../../src/machine/service-probe.ts";
import { openVm, type Sandbox } from "./sandbox.ts";

let vm: Sandbox;
const servers: Server[] = [];
const sockets = new Set<Socket>();

/** Its port on 127.0.0.1. */
async function listen(server: Server): Promise<number> {
	servers.push(server);
	server.on("connection", (socket: Socket) => {
		sockets.add(socket);
		socket.on("error", () => {});
	});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	return (server.address() as AddressInfo).port;
}

beforeAll(async () => {
	vm = await openVm({ oneId: true });
});
afterAll(async () => {
	for (const socket of sockets) socket.destroy();
	await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
	await vm.close();
});

/** What is wrong with each. */
async function failures(...services: readonly Omit<ServiceProbe, "address">[]): Promise<readonly string[]> {
	const asked = services.map((service) => ({ address: "127.0.0.1", ...service }));
	const ran = await vm.run(probeScript({ services: asked, vitals: true }));
	expect(ran).toMatchObject({ code: 0, stderr: "" });
	const { services: said } = parseProbe(ran.stdout);
	expect(said.length).toBe(asked.length);
	return asked.map((service, index) => serviceFailure(service, said[index] ?? { ok: false, said: "" }) ?? "well");
}

test("services that answer, that refuse, and that answer what they should not", async () => {
	const requests: string[] = [];
	const http = await listen(
		createHttpServer((request, response) => {
			requests.push(`${request.method} ${request.url} ${request.headers.host}`);
			if (request.url === "/moved") response.writeHead(302, { location: "/" }).end();
			else if (request.url === "/ill") response.writeHead(503).end("x".repeat(1_000_000));
			else response.end("fine");
		}),
	);
	const closed = await listen(createServer());
	await new Promise((resolve) => servers.pop()?.close(resolve));
	expect(
		await failures(
			{ port: http },
			{ port: http, path: "/health?q='a'&b=%20$HOME" },
			{ port: http, path: "/moved" },
			{ port: http, path: "/ill" },
			{ port: http, path: "/ill", statuses: [503] },
			{ port: http, path: "/moved", statuses: [200, 204] },
			{ port: closed },
			{ port: closed, path: "/" },
		),
	).toEqual(["well", "well", "well", "status 503", "well", "status 302", "Connection refused", "Connection refused"]);
	expect(requests.sort()).toContain(`GET /health?q='a'&b=%20$HOME 127.0.0.1:${http}`);
});

test("services that say nothing, something else, or never stop, cost three seconds together", async () => {
	const mute = await listen(createServer());
	const greeting = await listen(createServer((socket) => socket.end('220 "mail" \\ ready\r\n')));
	const binary = await listen(createServer((socket) => socket.end(Buffer.alloc(5000, 0xff))));
	const endless = await listen(
		createServer((socket) => {
			const more = (error?: Error | null) => error || socket.write("y".repeat(65_536), more);
			more();
		}),
	);
	const hangingUp = await listen(createServer((socket) => socket.end()));
	const asked = [mute, mute, greeting, binary, endless, hangingUp].map((port) => ({ port, path: "/" }));
	const before = performance.now();
	expect(await failures({ port: mute }, ...asked)).toEqual([
		"well",
		"no answer within 3 s",
		"no answer within 3 s",
		...["it does not speak HTTP", "it does not speak HTTP", "it does not speak HTTP"],
		"it hung up",
	]);
	expect(performance.now() - before).toBeLessThan(20_000);
});
