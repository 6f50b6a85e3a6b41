import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A Debian archive on loopback: suite `stable`, component `main`, unsigned. */
export interface PackageMirror {
	readonly port: number;
	/** Paths that were asked for. */
	readonly asked: readonly string[];
	close(): Promise<void>;
}

/** Packages of these names, each with one program `/usr/bin/NAME` and needing the one before it. */
export async function openMirror(names: readonly string[]): Promise<PackageMirror> {
	const folder = mkdtempSync(join(tmpdir(), "davit-mirror-"));
	const pool = join(folder, "debian", "pool");
	const index = join(folder, "debian", "dists", "stable", "main", "binary-amd64");
	mkdirSync(pool, { recursive: true });
	mkdirSync(index, { recursive: true });
	const entries = names.map((name, place) => buildPackage(folder, pool, name, names[place - 1]));
	writeFileSync(join(index, "Packages"), entries.join("\n"));
	writeFileSync(join(folder, "debian", "dists", "stable", "Release"), releaseOf(index));
	const asked: string[] = [];
	const server = createServer((request, response) => {
		asked.push(request.url ?? "");
		const file = join(folder, decodeURIComponent(request.url ?? "").replaceAll("..", ""));
		if (!existsSync(file)) return void response.writeHead(404).end();
		response.end(readFileSync(file));
	});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	return {
		port: (server.address() as AddressInfo).port,
		asked,
		close: async () => {
			server.closeAllConnections();
			await new Promise((resolve) => server.close(resolve));
			rmSync(folder, { recursive: true, force: true });
		},
	};
}

function releaseOf(index: string): string {
	const packages = readFileSync(join(index, "Packages"));
	return `Suite: stable
Codename: stable
Date: ${new Date().toUTCString()}
Architectures: amd64
Components: main
SHA256:
 ${sha256(packages)} ${packages.length} main/binary-amd64/Packages
`;
}

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** Builds one and returns its entry of the index. */
function buildPackage(folder: string, pool: string, name: string, needs: string | undefined): string {
	const tree = join(folder, "build", name);
	mkdirSync(join(tree, "DEBIAN"), { recursive: true });
	mkdirSync(join(tree, "usr", "bin"), { recursive: true });
	writeFileSync(join(tree, "usr", "bin", name), `#!/bin/sh\necho ${name} runs\n`, { mode: 0o755 });
	const control = `Package: ${name}
Version: 1.0
Architecture: amd64
Maintainer: davit <davit@example.com>
${needs === undefined ? "" : `Depends: ${needs}\n`}Description: a package for tests
`;
	writeFileSync(join(tree, "DEBIAN", "control"), control);
	const file = `${name}_1.0_amd64.deb`;
	execFileSync("dpkg-deb", ["--root-owner-group", "--build", tree, join(pool, file)], {
		stdio: ["ignore", "ignore", "pipe"],
	});
	const bytes = readFileSync(join(pool, file));
	return `${control}Filename: pool/${file}\nSize: ${bytes.length}\nSHA256: ${sha256(bytes)}\n`;
}
