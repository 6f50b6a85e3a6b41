import http from "node:http";
import https from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import { call, onDrain, onTerm, readConfig, sendJson, tlsOptions } from "./lib/http.mjs";
import { Routes } from "./lib/routes.mjs";

/** Forwards by host name. Learns its routes from the control; a backend that refuses is passed over and the next one tried. */
const config = readConfig();
const routes = new Routes(Date.now);
const tls = { ...tlsOptions(config.tls), agent: new https.Agent({ keepAlive: true }) };
const backendAgent = new http.Agent({ keepAlive: true, maxSockets: 256 });
/** Asking again changes nothing: these go on kept connections, though the app may close one just as a request goes out on it. */
const SAFE_METHODS = ["GET", "HEAD", "OPTIONS"];
let learnt = false;
let draining = false;

/** What was learnt last holds while no control answers. */
async function learn() {
	for (const control of config.controls) {
		try {
			const { status, body } = await call(`${control}/routes`, { tls, timeoutMs: 3000 });
			if (status !== 200) continue;
			routes.replace(JSON.parse(body));
			learnt = true;
			return;
		} catch (error) {
			console.error(`routes from ${control}: ${error.message}`);
		}
	}
}

const server = http.createServer((request, response) => {
	const host = (request.headers.host ?? "").replace(/:\d+$/, "").toLowerCase();
	if (draining) response.setHeader("connection", "close");
	if (host === "router.health") return sendJson(response, learnt && !draining ? 200 : 503, { routes: routes.size });
	const backends = routes.backends(host);
	if (!backends) return sendJson(response, 404, { error: `no app answers to ${host}` });
	forward(request, response, backends);
});

/** Tries the backends in order; once one has taken the connection, the request is its own. */
function forward(request, response, [backend, ...others]) {
	if (!backend) return sendJson(response, 502, { error: "no backend takes the connection" });
	const at = backend.lastIndexOf(":");
	const safe = SAFE_METHODS.includes(request.method);
	const onward = http.request({
		host: backend.slice(0, at),
		port: backend.slice(at + 1),
		method: request.method,
		path: request.url,
		headers: {
			...endToEnd(request.headers),
			"x-forwarded-for": request.socket.remoteAddress,
			"x-forwarded-proto": "http",
		},
		agent: safe ? backendAgent : false,
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
		if (draining) response.setHeader("connection", "close");
		response.writeHead(answer.statusCode, endToEnd(answer.headers));
		answer.pipe(response);
	});
	onward.on("error", (error) => {
		if (response.headersSent) return response.destroy();
		if (safe && onward.reusedSocket) return forward(request, response, [...others, backend]);
		routes.shed(backend);
		if (!taken) return forward(request, response, others);
		return sendJson(response, 502, { error: `the app broke the connection: ${error.code ?? error.message}` });
	});
	response.on("close", () => response.writableFinished || onward.destroy());
}

/** Without what is said to the next hop alone. */
function endToEnd({ connection, "keep-alive": keepAlive, ...headers }) {
	return headers;
}

await learn();
setInterval(learn, 1000);
server.listen(config.port, () => console.log(`router listens on ${config.port}`));

const close = () => new Promise((resolve) => server.close(resolve));

/** As gorouter: the load balancer takes it out first, then it takes nothing new and finishes what is in flight. */
onDrain(async () => {
	draining = true;
	await sleep(config.drain_wait * 1000);
	await Promise.race([close(), sleep(config.drain_timeout * 1000)]);
});
onTerm(close);
