import { mkdir } from "node:fs/promises";
import https from "node:https";
import { AppProcess, endLeftovers } from "./lib/app-process.mjs";
import { call, onTerm, readConfig, tlsOptions } from "./lib/http.mjs";

/** Runs the apps that the control gives to this cell, and tells it what runs where. */
const config = readConfig();
const tls = { ...tlsOptions(config.tls), agent: new https.Agent({ keepAlive: true }) };
const running = new Map();
const control = config.controls[0];
let nextPort = config.first_port;
let leaving = false;

await mkdir(config.folder, { recursive: true });
endLeftovers(config.folder);
await mkdir(config.folder, { recursive: true });

async function beat() {
	await Promise.all([...running.values()].map((app) => app.probe()));
	const state = [...running.values()].map(({ app, port, ready }) => ({ name: app.name, blob: app.blob, port, ready }));
	const body = JSON.stringify({ address: config.address, running: state });
	const answer = await call(`${control}/cells/${config.id}`, { method: "PUT", body, tls });
	if (answer.status !== 200) throw new Error(`the control answered ${answer.status}`);
	await reconcile(JSON.parse(answer.body));
}

/** An app's new version starts beside the old one, which ends once the new one is ready. */
async function reconcile(wanted) {
	for (const app of wanted) {
		if (running.has(app.blob)) continue;
		const { status, body } = await call(`${config.blobstore}/blobs/${app.blob}`, { tls, timeoutMs: 60_000 });
		if (status !== 200) continue;
		const started = new AppProcess({ app, port: nextPort++, folder: config.folder, log: config.log });
		running.set(app.blob, started);
		await started.start(body).catch((error) => console.error(`${app.name}: ${error.message}`));
	}
	for (const [blob, old] of running) {
		if (wanted.some((app) => app.blob === blob)) continue;
		const successor = wanted.find(({ name }) => name === old.app.name);
		if (successor && !running.get(successor.blob)?.ready) continue;
		running.delete(blob);
		await old.stop();
	}
}

async function loop() {
	while (!leaving) {
		await beat().catch((error) => console.error(error.message));
		await new Promise((resolve) => setTimeout(resolve, 500));
	}
}

console.log(`cell ${config.id} serves ${config.address}`);
const ended = loop();
onTerm(async () => {
	leaving = true;
	await ended;
	await call(`${control}/cells/${config.id}`, { method: "DELETE", tls }).catch(() => {});
	await Promise.all([...running.values()].map((app) => app.stop()));
});
