import { randomUUID, timingSafeEqual } from "node:crypto";
import http from "node:http";
import https from "node:https";
import { openApps } from "./lib/apps.mjs";
import { answer, call, HttpError, onTerm, readBody, readConfig, sendJson, tlsOptions } from "./lib/http.mjs";
import { appsOfCell, routesOf } from "./lib/placement.mjs";

/** The API: apps for people (behind the router, with a password), cells and routes for the other components (mutual TLS). */
const config = readConfig();
const apps = await openApps(config.database).catch((error) => {
	console.error(`database ${config.database.host}: ${error.message}`);
	process.exit(1);
});
const tls = tlsOptions(config.tls);
const MAX_APP = 64 * 1024 * 1024;

const people = http.createServer(
	answer(async (request, response, url) => {
		if (url.pathname === "/health") return apps.ping().then(() => sendJson(response, 200, { ok: true }));
		checkPassword(request.headers.authorization);
		const name = /^\/apps\/([a-z0-9-]{1,40})$/.exec(url.pathname)?.[1];
		if (url.pathname === "/apps" && request.method === "GET") return sendJson(response, 200, await apps.list());
		if (!name) throw new HttpError(404, "there is /apps and /apps/NAME; a name has small letters, digits and dashes");
		if (request.method === "PUT") return push(name, request, response, url);
		const app = await apps.find(name);
		if (!app) throw new HttpError(404, `no app ${name}`);
		if (request.method === "DELETE") {
			await apps.remove(name);
			await call(`${config.blobstore}/blobs/${app.blob}`, { method: "DELETE", tls });
		}
		return sendJson(response, 200, app);
	}),
);

/** PUT /apps/NAME?command=…&instances=N with a tar (gzip or not) as the body. */
async function push(name, request, response, url) {
	const command = url.searchParams.get("command") ?? "sh start.sh";
	const instances = Number(url.searchParams.get("instances") ?? 1);
	if (!Number.isInteger(instances) || instances < 0 || instances > 50)
		throw new HttpError(400, "instances is a number from 0 to 50");
	const body = await readBody(request, MAX_APP);
	if (body.length === 0) throw new HttpError(400, "the body is empty; send a tar: curl --upload-file app.tgz");
	const blob = `${name}-${randomUUID()}`;
	const stored = await call(`${config.blobstore}/blobs/${blob}`, { method: "PUT", body, tls, timeoutMs: 60_000 });
	if (stored.status !== 201) throw new Error(`the blob store answered ${stored.status}`);
	const former = await apps.find(name);
	await apps.put({ name, blob, command, instances });
	if (former) await call(`${config.blobstore}/blobs/${former.blob}`, { method: "DELETE", tls });
	sendJson(response, 201, { name, instances, url: `http://${name}.${config.domain}/` });
}

function checkPassword(header = "") {
	const given = Buffer.from(header);
	const wanted = Buffer.from(`Basic ${Buffer.from(`admin:${config.admin_password}`).toString("base64")}`);
	if (given.length !== wanted.length || !timingSafeEqual(given, wanted))
		throw new HttpError(401, "user admin and its password are needed");
}

const components = https.createServer(
	{ ...tls, requestCert: true, rejectUnauthorized: true },
	answer(async (request, response, url) => {
		if (url.pathname === "/routes") {
			const routes = routesOf(await apps.cells(), config.domain);
			routes[`api.${config.domain}`] = [`${config.address}:${config.port}`];
			return sendJson(response, 200, routes);
		}
		const id = /^\/cells\/([\w-]+)$/.exec(url.pathname)?.[1];
		if (!id) throw new HttpError(404, "no such thing");
		if (request.method === "DELETE") return apps.leave(id).then(() => sendJson(response, 200, {}));
		const { address, running, evacuating = false } = JSON.parse(await readBody(request, 1024 * 1024));
		await apps.heartbeat({ id, address, running, evacuating });
		return sendJson(response, 200, appsOfCell(id, await apps.cells(), await apps.list()));
	}),
);

async function listen() {
	await apps.listen().catch((error) => console.error(`database ${config.database.host}: ${error.message}`));
	setTimeout(listen, 1000);
}

await listen();
people.listen(config.port, () => console.log(`api listens on ${config.port}`));
components.listen(config.internal_port, () => console.log(`components are served on ${config.internal_port}`));
onTerm(async () => {
	people.close();
	components.close();
	await apps.close();
});
