import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { call, readConfig } from "./lib/http.mjs";

/** Pushes an app through the router, opens it, and takes it away again. */
const config = readConfig();
const router = `http://${config.router}`;
const authorization = `Basic ${Buffer.from(`admin:${config.admin_password}`).toString("base64")}`;
const name = `smoke-${process.pid}`;
const folder = mkdtempSync(join(tmpdir(), "smoke-"));
const api = (path, options = {}) =>
	call(`${router}${path}`, {
		...options,
		headers: { host: `api.${config.domain}`, authorization, ...options.headers },
		timeoutMs: 20_000,
	});

async function until(what, look) {
	const end = Date.now() + 30_000;
	for (;;) {
		const seen = await look().catch((error) => error.message);
		if (seen === true) return console.log(`ok: ${what}`);
		if (Date.now() > end) throw new Error(`${what}: not within 30 s; last seen: ${seen}`);
		await new Promise((resolve) => setTimeout(resolve, 300));
	}
}

try {
	writeFileSync(
		join(folder, "server.mjs"),
		'import http from "node:http"; http.createServer((_, r) => r.end("smoke\\n")).listen(process.env.PORT);\n',
	);
	execFileSync("tar", ["-c", "-z", "-f", join(folder, "app.tgz"), "-C", folder, "server.mjs"]);
	const { readFileSync } = await import("node:fs");
	const command = encodeURIComponent(`${process.execPath} server.mjs`);
	await until("the API takes an app", async () => {
		const { status, body } = await api(`/apps/${name}?command=${command}`, {
			method: "PUT",
			body: readFileSync(join(folder, "app.tgz")),
		});
		return status === 201 || `${status} ${body}`;
	});
	await until("the router finds it", async () => {
		const { status, body } = await call(router, { headers: { host: `${name}.${config.domain}` } });
		return (status === 200 && body.toString() === "smoke\n") || `${status} ${body}`;
	});
	await api(`/apps/${name}`, { method: "DELETE" });
	await until("it is gone", async () => {
		const { status } = await call(router, { headers: { host: `${name}.${config.domain}` } });
		return status === 404 || status;
	});
} finally {
	rmSync(folder, { recursive: true, force: true });
}
