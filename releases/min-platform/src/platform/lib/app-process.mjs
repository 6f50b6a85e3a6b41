import { spawn } from "node:child_process";
import { createWriteStream, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import net from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const BACK_OFF_MS = [500, 1000, 2000, 5000, 10_000];

/** One pushed app on this cell: unpacked in a folder of its own, started with PORT, and started again when it ends. */
export class AppProcess {
	ready = false;
	#ended = false;
	#child;
	#crashes = 0;

	constructor({ app, port, folder, log }) {
		this.app = app;
		this.port = port;
		this.folder = join(folder, `${app.blob}.${port}`);
		this.log = log;
	}

	/** Unpacks the tar and starts the app. */
	async start(tar) {
		await rm(this.folder, { recursive: true, force: true });
		await mkdir(this.folder, { recursive: true });
		await writeFile(`${this.folder}.tar`, tar);
		await new Promise((resolve, reject) => {
			const unpack = spawn("tar", ["-x", "-f", `${this.folder}.tar`, "-C", this.folder], {
				stdio: ["ignore", "ignore", "inherit"],
			});
			unpack.on("error", reject);
			unpack.on("exit", (code) => (code === 0 ? resolve() : reject(new Error(`tar ended with exit code ${code}`))));
		});
		await rm(`${this.folder}.tar`);
		if (!this.#ended) this.#run();
	}

	#run() {
		const output = createWriteStream(join(this.log, `${this.app.name}.log`), { flags: "a" });
		const env = { PATH: process.env.PATH, HOME: this.folder, PORT: String(this.port), APP_NAME: this.app.name };
		const child = spawn("/bin/sh", ["-c", this.app.command], {
			cwd: this.folder,
			env,
			detached: true,
			stdio: ["ignore", "pipe", "pipe"],
		});
		this.#child = child;
		if (child.pid) writeFileSync(`${this.folder}.pid`, String(child.pid));
		child.stdout.pipe(output, { end: false });
		child.stderr.pipe(output, { end: false });
		child.on("error", (error) => console.error(`${this.app.name}: ${error.message}`));
		child.on("exit", (code, signal) => {
			this.ready = false;
			output.end();
			if (!signalGroup(child.pid, 0)) this.#child = undefined;
			if (this.#ended) return;
			const wait = BACK_OFF_MS[Math.min(this.#crashes, BACK_OFF_MS.length - 1)];
			this.#crashes += 1;
			console.error(`${this.app.name} ended (${signal ?? code}); again in ${wait} ms`);
			setTimeout(() => this.#ended || this.#run(), wait);
		});
	}

	/** Looks whether the app takes connections. */
	async probe() {
		this.ready = await new Promise((resolve) => {
			const socket = net.connect({ host: "127.0.0.1", port: this.port, timeout: 1000 });
			const done = (answer) => {
				socket.destroy();
				resolve(answer);
			};
			socket.on("connect", () => done(true));
			socket.on("error", () => done(false));
			socket.on("timeout", () => done(false));
		});
		if (this.ready) this.#crashes = 0;
	}

	/** Asks the app to end, and ends it when it takes longer. A shell that started it may be gone long before the app is. */
	async stop(graceMs) {
		this.#ended = true;
		const group = this.#child?.pid;
		if (group) {
			const deadline = Date.now() + graceMs;
			for (
				let sent = signalGroup(group, "SIGTERM");
				sent;
				sent = signalGroup(group, Date.now() < deadline ? 0 : "SIGKILL")
			)
				await sleep(100);
		}
		await rm(this.folder, { recursive: true, force: true });
		await rm(`${this.folder}.pid`, { force: true });
	}
}

/** False if nobody is left in the group. */
function signalGroup(group, signal) {
	try {
		return process.kill(-group, signal);
	} catch {
		return false;
	}
}

/** Ends what a cell that was killed left running, and removes its files. A pid that is another's by now lacks the app's folder. */
export function endLeftovers(folder) {
	for (const file of readdirSync(folder).filter((name) => name.endsWith(".pid"))) {
		const pid = Number(readFileSync(join(folder, file), "utf8"));
		try {
			if (readFileSync(`/proc/${pid}/environ`, "utf8").includes(`HOME=${join(folder, file.slice(0, -4))}`))
				signalGroup(pid, "SIGKILL");
		} catch {
			// It has ended already.
		}
	}
	rmSync(folder, { recursive: true, force: true });
}
