import { execFile, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { findOnPath } from "./on-path.ts";

/** Versity's S3 gateway before a folder: it checks signatures and their expiry, and one `go install` builds it. */
const MODULE = "github.com/versity/versitygw/cmd/versitygw@v1.8.0";
const go = findOnPath("go") ?? (existsSync("/usr/local/go/bin/go") ? "/usr/local/go/bin/go" : undefined);
export const s3Missing = findOnPath("versitygw") || go ? undefined : "no versitygw, and no go to build it";

export interface S3Server {
	readonly endpoint: string;
	/** It listens there as well. */
	readonly socket: string;
	/** The bucket's folder: each object is a file. */
	readonly folder: string;
	/** What finds it, for a command; the bucket is `blobs`. */
	readonly env: Readonly<Record<string, string>>;
	close(): void;
}

/** Starts one with the bucket `blobs`; the first time on a machine it is built, which takes a minute. */
export async function startS3(): Promise<S3Server> {
	const program = await versitygw();
	const top = mkdtempSync(join(tmpdir(), "davit-s3-"));
	chmodSync(top, 0o755);
	for (const name of ["objects", "attributes"]) mkdirSync(join(top, name));
	const socket = join(top, "socket");
	const port = await freePort();
	const endpoint = `http://127.0.0.1:${port}`;
	const keys = { AWS_ACCESS_KEY_ID: "davit-test", AWS_SECRET_ACCESS_KEY: "a secret of the tests" };
	const ports = ["--port", `127.0.0.1:${port}`, "--port", socket];
	const server = spawn(
		program,
		["--quiet", ...ports, "posix", "--sidecar", join(top, "attributes"), join(top, "objects")],
		{
			env: { ROOT_ACCESS_KEY: keys.AWS_ACCESS_KEY_ID, ROOT_SECRET_KEY: keys.AWS_SECRET_ACCESS_KEY },
			stdio: "ignore",
		},
	);
	const close = () => {
		server.kill("SIGKILL");
		rmSync(top, { recursive: true, force: true });
	};
	try {
		await makeBucket(endpoint, keys);
	} catch (error) {
		close();
		throw error;
	}
	chmodSync(socket, 0o777);
	return { endpoint, socket, folder: join(top, "objects/blobs"), env: keys, close };
}

async function makeBucket(
	endpoint: string,
	{ AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey }: Record<string, string>,
): Promise<void> {
	const credentials = { accessKeyId: accessKeyId ?? "", secretAccessKey: secretAccessKey ?? "" };
	// It tries for as long as the server takes to start.
	const client = new S3Client({ endpoint, region: "us-east-1", forcePathStyle: true, credentials, maxAttempts: 12 });
	await client.send(new CreateBucketCommand({ Bucket: "blobs" }));
	client.destroy();
}

async function versitygw(): Promise<string> {
	const found = findOnPath("versitygw");
	if (found) return found;
	const folder = join(tmpdir(), `davit-test-programs-${process.getuid?.()}`);
	const program = join(folder, "versitygw-1.8.0");
	if (existsSync(program)) return program;
	mkdirSync(folder, { recursive: true, mode: 0o700 });
	const own = mkdtempSync(join(folder, "build-"));
	await promisify(execFile)(go ?? "go", ["install", MODULE], { env: { ...process.env, GOBIN: own } });
	renameSync(join(own, "versitygw"), program);
	rmSync(own, { recursive: true });
	return program;
}

export async function freePort(): Promise<number> {
	const server = createServer();
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	const { port } = server.address() as { port: number };
	await new Promise((resolve) => server.close(resolve));
	return port;
}
