import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { UserError } from "../../../src/errors.ts";
import type { FileStat, PackageStore, ReleaseFiles } from "../../../src/release/files.ts";

/** A file by its text, or a symlink, or an executable. */
export type Content = string | { readonly link: string } | { readonly executable: string };

/** A release folder in memory. */
export function releaseTree(
	content: Readonly<Record<string, Content>>,
	more: Partial<ReleaseFiles> = {},
): ReleaseFiles {
	const at = (path: string): Content => {
		const found = content[path];
		if (found === undefined) throw new Error(`ENOENT: ${path}`);
		return found;
	};
	const bytes = (path: string): Buffer => {
		const found = at(path);
		if (typeof found === "string") return Buffer.from(found);
		if ("executable" in found) return Buffer.from(found.executable);
		return bytes(new URL(found.link, `x:/${path}`).pathname.slice(1));
	};
	const below = (path: string): string[] => {
		const prefix = path === "" ? "" : `${path}/`;
		const names = Object.keys(content).filter((key) => key.startsWith(prefix));
		return [...new Set(names.map((key) => key.slice(prefix.length).split("/")[0] ?? ""))].sort();
	};
	const stat = (path: string): FileStat | undefined => {
		const found = content[path];
		if (found === undefined)
			return below(path).length > 0 ? { kind: "directory", executable: true, size: 0 } : undefined;
		if (typeof found === "string") return { kind: "file", executable: false, size: Buffer.byteLength(found) };
		if ("link" in found) return { kind: "symlink", executable: true, size: found.link.length };
		return { kind: "file", executable: true, size: Buffer.byteLength(found.executable) };
	};
	return {
		name: "/releases/tiny",
		absentBlobs: [],
		list: async (path) => below(path),
		stat: async (path) => stat(path),
		read: async (path) => bytes(path),
		open: async (path) => Readable.from([bytes(path)]),
		readLink: async (path) => (at(path) as { link: string }).link,
		openLocalBlob: async () => undefined,
		prePackage: async () => {
			throw new Error("no pre_packaging here");
		},
		...more,
	};
}

/** Package archives in memory. */
export function memoryStore(): PackageStore & { readonly kept: Map<string, Buffer> } {
	const kept = new Map<string, Buffer>();
	return {
		kept,
		put: async (body) => {
			const bytes = await bytesOf(body);
			const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}` as const;
			kept.set(digest, bytes);
			return { digest, size: bytes.length };
		},
		open: async (digest) => Readable.from([kept.get(digest) ?? Buffer.alloc(0)]),
	};
}

export async function bytesOf(body: Readable): Promise<Buffer> {
	return Buffer.concat(await body.toArray());
}

/** What a failing call tells the user: `code: message` of each problem. */
export async function problemsOf(result: Promise<unknown>): Promise<string[]> {
	const error = await result.then(
		() => undefined,
		(reason: unknown) => reason,
	);
	if (error instanceof UserError) return error.problems.map(({ code, message }) => `${code}: ${message}`);
	throw new Error(`expected a UserError, got ${String(error)}`, { cause: error });
}

/** The smallest release: a job without packages, and a package without files. */
export const tiny: Readonly<Record<string, Content>> = {
	"config/final.yml": "name: tiny\n",
	"jobs/app/spec": "name: app\ntemplates:\n  ctl.erb: bin/ctl\npackages: [empty]\n",
	"jobs/app/monit": "check process app with pidfile /var/vcap/sys/run/app/pid\n",
	"jobs/app/templates/ctl.erb": "#!/bin/bash\necho <%= p('port') %>\n",
	"packages/empty/spec": "name: empty\n",
	"packages/empty/packaging": "set -e\n",
};
