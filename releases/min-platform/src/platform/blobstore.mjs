import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, rename, rm, stat } from "node:fs/promises";
import https from "node:https";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { answer, HttpError, onTerm, readConfig, sendJson, tlsOptions } from "./lib/http.mjs";

/** Keeps blobs by name on the persistent disk: PUT, GET, DELETE /blobs/NAME, over mutual TLS. */
const config = readConfig();
await mkdir(config.folder, { recursive: true });

const server = https.createServer(
	{ ...tlsOptions(config.tls), requestCert: true, rejectUnauthorized: true },
	answer(async (request, response, url) => {
		if (url.pathname === "/health") return sendJson(response, 200, { ok: true });
		const name = /^\/blobs\/([A-Za-z0-9_-]{1,128})$/.exec(url.pathname)?.[1];
		if (!name) throw new HttpError(404, "no such blob");
		const path = join(config.folder, name);
		if (request.method === "PUT") {
			await pipeline(request, createWriteStream(`${path}.part`));
			await rename(`${path}.part`, path);
			return sendJson(response, 201, { name });
		}
		if (request.method === "DELETE") {
			await rm(path, { force: true });
			return sendJson(response, 200, { name });
		}
		const found = await stat(path).catch(() => undefined);
		if (!found) throw new HttpError(404, "no such blob");
		response.writeHead(200, { "content-type": "application/octet-stream", "content-length": found.size });
		return pipeline(createReadStream(path), response);
	}),
);
server.listen(config.port, () => console.log(`blobstore listens on ${config.port}`));
onTerm(() => new Promise((resolve) => server.close(resolve)));
