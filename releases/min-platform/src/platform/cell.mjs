import { mkdir, writeFile } from "node:fs/promises";
import https from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import { AppProcess, endLeftovers } from "./lib/app-process.mjs";
import { call, onDrain, onTerm, readConfig, tlsOptions } from "./lib/http.mjs";

/** From the moment an app is no longer told as running until no router sends it anything: a beat, and the routers' look for routes. */
const UNROUTE_MS = 4000;
/** A control that is silent for as long finds no other place for apps. */
const CONTROL_SILENT_MS = 15_000;

/** Runs the apps that the control gives to this cell, and tells it what runs where. */
const config = readConfig();
const tls = { ...tlsOptions(config.tls), agent: new https.Agent({ keepAlive: true }) };
const control = config.controls[0];
const graceMs = config.graceful_shutdown_interval * 1000;
/** By blob. */
const running = new Map();
const starting = new Set();
const ending = new Set();
let nextPort = config.first_port;
let evacuating = false;
let evacuated = false;
let leaving = false;
let heard = Date.now();

await mkdir(config.folder, { recursive: true });
endLeftovers(config.folder);
await mkdir(config.folder, { recursive: true });

async function beat() {
	await Promise.all([...running.values()].map((app) => app.probe()));
	const state = [...running.values()].map(({ app, port, ready }) => ({ name: app.name, blob: app.blob, port, ready }));
	const told = { address: config.address, running: state, evacuating };
	const answer = await call(`${control}/cells/${config.id}`, { method: "PUT", body: JSON.stringify(told), tls });
	if (answer.status !== 200) throw new Error(`the control answered ${answer.status}`);
	heard = Date.now();
	reconcile(JSON.parse(answer.body));
	evacuated = told.evacuating && running.size === 0;
	await writeFile(config.joined, "");
}

/** An app's new version starts beside the old one, which ends once the new one is ready. */
function reconcile(wanted) {
	for (const app of wanted) if (!running.has(app.blob) && !starting.has(app.blob)) void start(app);
	for (const [blob, old] of running) {
		if (wanted.some((app) => app.blob === blob)) continue;
		const successor = wanted.find(({ name }) => name === old.app.name);
		if (!successor || running.get(successor.blob)?.ready) retire(old);
	}
}

/** The cell stays heard of meanwhile: a blob store that is away may take its time. */
async function start(app) {
	starting.add(app.blob);
	try {
		const { status, body } = await call(`${config.blobstore}/blobs/${app.blob}`, { tls, timeoutMs: 60_000 });
		if (status !== 200) throw new Error(`the blob store answered ${status}`);
		const started = new AppProcess({ app, port: nextPort++, folder: config.folder, log: config.log });
		running.set(app.blob, started);
		await started.start(body);
	} catch (error) {
		console.error(`${app.name}: ${error.message}`);
	}
	starting.delete(app.blob);
}

/** Takes an app's route away, then has it end. */
function retire(old) {
	running.delete(old.app.blob);
	const end = sleep(UNROUTE_MS).then(() => old.stop(graceMs));
	ending.add(end);
	end.then(() => ending.delete(end));
}

async function loop() {
	while (!leaving) {
		await beat().catch((error) => console.error(error.message));
		await sleep(500);
	}
}

console.log(`cell ${config.id} serves ${config.address}`);
const ended = loop();

async function leave() {
	leaving = true;
	await ended;
	await call(`${control}/cells/${config.id}`, { method: "DELETE", tls }).catch(() => {});
}

/** Waits until every app takes connections on another cell, as long as there is one, then leaves and has its own end. */
onDrain(async () => {
	evacuating = true;
	const deadline = Date.now() + config.evacuation_timeout * 1000;
	while (!evacuated && Date.now() < deadline && Date.now() - heard < CONTROL_SILENT_MS) await sleep(200);
	await leave();
	for (const app of running.values()) retire(app);
	await Promise.all(ending);
});
onTerm(async () => {
	await leave();
	await Promise.all([...running.values()].map((app) => app.stop(graceMs)));
});
