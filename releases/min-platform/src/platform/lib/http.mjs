import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";

/** Reads a component's configuration, the file that its job renders. */
export function readConfig(path = process.argv[2]) {
	return JSON.parse(readFileSync(path, "utf8"));
}

/** TLS options from a certificate variable's three parts; both sides show one. */
export function tlsOptions({ ca, certificate, private_key: key }) {
	return { ca, cert: certificate, key, minVersion: "TLSv1.3" };
}

/** A request's body, at most `limit` bytes; longer is refused with 413. */
export async function readBody(request, limit) {
	const chunks = [];
	let size = 0;
	for await (const chunk of request) {
		size += chunk.length;
		if (size > limit) throw new HttpError(413, `more than ${limit} bytes`);
		chunks.push(chunk);
	}
	return Buffer.concat(chunks);
}

/** A refusal with a status that the client sees. */
export class HttpError extends Error {
	constructor(status, message) {
		super(message);
		this.status = status;
	}
}

/** Answers with JSON. */
export function sendJson(response, status, value) {
	const body = `${JSON.stringify(value)}\n`;
	response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
	response.end(body);
}

/** Runs `handle(request, response, url)` for each request; an error becomes its status, or 500. */
export function answer(handle) {
	return async (request, response) => {
		try {
			await handle(request, response, new URL(request.url, "http://component"));
		} catch (error) {
			if (!(error instanceof HttpError)) console.error(`${request.method} ${request.url}: ${error.stack}`);
			if (response.headersSent) response.destroy();
			else
				sendJson(response, error.status ?? 500, {
					error: error instanceof HttpError ? error.message : "internal error",
				});
		}
	};
}

/** One call to another component; resolves to { status, body }. Rejects after `timeoutMs` without an answer. */
export function call(url, { method = "GET", headers = {}, body, tls, agent, timeoutMs = 5000 } = {}) {
	const target = new URL(url);
	const module = target.protocol === "https:" ? https : http;
	return new Promise((resolve, reject) => {
		const request = module.request(target, { method, headers, agent, ...tls }, (response) => {
			const chunks = [];
			response.on("data", (chunk) => chunks.push(chunk));
			response.on("error", reject);
			response.on("end", () => resolve({ status: response.statusCode, body: Buffer.concat(chunks) }));
		});
		request.setTimeout(timeoutMs, () => request.destroy(new Error(`no answer from ${target.host} in ${timeoutMs} ms`)));
		request.on("error", reject);
		request.end(body);
	});
}

/** Ends the process cleanly at SIGUSR2, which a job's drain script sends (SIGUSR1 is Node's own): `leave` takes as long as whoever uses it needs. */
export function onDrain(leave) {
	process.once("SIGUSR2", async () => {
		await leave();
		process.exit(0);
	});
}

/** Ends the process cleanly at SIGTERM: `close` may take its time. */
export function onTerm(close) {
	process.once("SIGTERM", async () => {
		await close();
		process.exit(0);
	});
}
