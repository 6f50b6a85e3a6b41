import http from "node:http";
import https from "node:https";
import { call, onTerm, readConfig, sendJson, tlsOptions } from "./lib/http.mjs";
import { Routes } from "./lib/routes.mjs";

/** Forwards by host name. Learns its routes from the control; a backend that refuses is passed over and the next one tried. */
const config = readConfig();
const routes = new Routes(Date.now);
const tls = { ...tlsOptions(config.tls), agent: new https.Agent({ keepAlive: true }) };
const backendAgent = new http.Agent({ keepAlive: true, maxSockets: 256 });
let draining = false;

async function learn() {
	for (const control of config.controls) {
		try {
			const { status, body } = await call(`${control}/routes`, { tls, timeoutMs: 3000 });
			if (status === 200) return routes.replace(JSON.parse(body));
		} catch (error) {
			console.error(`routes from ${control}: ${error.message}`);
		}
	}
}

const server = http.createServer((request, response) => {
	const host = (request.headers.host ?? "").replace(/:\d+$/, "").toLowerCase();
	if (host === "router.health") return sendJson(response, draining ? 503 : 200, { routes: routes.size });
	const backends = routes.backends(host);
	if (!backends) return sendJson(response, 404, { error: `no app answers to ${host}` });
	forward(request, response, backends);
});

/** Tries the backends in order; once one has taken the connection, the request is its own. */
function forward(request, response, [backend, ...others]) {
	if (!backend) return sendJson(response, 502, { error: "no backend takes the connection" });
	const at = backend.lastIndexOf(":");
	const headers = { ...request.headers, "x-forwarded-for": request.socket.remoteAddress, "x-forwarded-proto": "http" };
	const onward = http.request({
		host: backend.slice(0, at),
		port: backend.slice(at + 1),
		method: request.method,
		path: request.url,
		headers,
		agent: backendAgent,
	});
	let taken = false;
	onward.on("socket", (socket) => {
		const begin = () => {
			taken = true;
			request.pipe(onward);
		};
		if (socket.connecting) socket.once("connect", begin);
		else begin();
	});
	onward.on("response", (answer) => {
		response.writeHead(answer.statusCode, answer.headers);
		answer.pipe(response);
	});
	onward.on("error", (error) => {
		if (response.headersSent) return response.destroy();
		routes.shed(backend);
		if (!taken) return forward(request, response, others);
		return sendJson(response, 502, { error: `the app broke the connection: ${error.code ?? error.message}` });
	});
	response.on("close", () => onward.destroy());
}

await learn();
setInterval(learn, 1000);
server.listen(config.port, () => console.log(`router listens on ${config.port}`));
onTerm(async () => {
	draining = true;
	await new Promise((resolve) => server.close(resolve));
});
