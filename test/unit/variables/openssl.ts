import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

/** Runs the openssl command; `files` are written first, and `{name}` in an argument becomes the file's path. */
export async function openssl(args: readonly string[], files: Readonly<Record<string, string>> = {}): Promise<string> {
	const folder = await mkdtemp(join(tmpdir(), "davit-openssl-"));
	try {
		for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
		const paths = args.map((arg) => arg.replace(/^\{(\w+)\}$/, (_, name: string) => join(folder, name)));
		const { stdout } = await promisify(execFile)("openssl", paths);
		return stdout;
	} finally {
		await rm(folder, { recursive: true });
	}
}
