import { Readable } from "node:stream";
import { type Problem, problem, UserError } from "../errors.ts";
import { digester, digestMismatch } from "./digests.ts";
import type { ReleaseFiles } from "./files.ts";
import { parseTexts, type TextMap, textMap, textOf } from "./texts.ts";

/** A built job or package that `.final_builds` names. */
export interface Build {
	/** For messages: `package nginx`. */
	readonly owner: string;
	readonly fingerprint: string;
	readonly blobId: string;
	readonly sha1: string;
}

/** Where final blobs lie: `config/final.yml` with `config/private.yml` over it. */
export interface Blobstore {
	readonly provider: string;
	readonly options: TextMap;
}

/** Finds a build by its fingerprint in `.final_builds/KIND/NAME/index.yml`; a problem if it isn't there. */
export async function findBuild(
	files: ReleaseFiles,
	kind: "jobs" | "packages",
	name: string,
	fingerprint: string,
	problems: Problem[],
): Promise<Build | undefined> {
	const file = `.final_builds/${kind}/${name}/index.yml`;
	const owner = `${kind === "jobs" ? "job" : "package"} ${name}`;
	const index = (await files.stat(file)) ? parseTexts((await files.read(file)).toString("utf8"), file) : undefined;
	for (const value of Object.values(textMap(textMap(index, file, problems).builds, file, problems))) {
		const build = textMap(value, file, problems);
		const blobId = textOf(build.blobstore_id, file, problems);
		if (textOf(build.version, file, problems) !== fingerprint || blobId === undefined) continue;
		return { owner, fingerprint, blobId, sha1: textOf(build.sha1, file, problems) ?? "" };
	}
	problems.push(
		problem("no-final-build", `${owner}: ${file} has no build with the fingerprint ${fingerprint}`, {
			hint: index === undefined ? `${file} is missing: is the checkout complete?` : "vendor the package again",
		}),
	);
	return undefined;
}

/** Reads the blob store's provider and options. */
export async function readBlobstore(files: ReleaseFiles): Promise<Blobstore> {
	const store = async (file: string): Promise<TextMap> => {
		if (!(await files.stat(file))) return {};
		const top = textMap(parseTexts((await files.read(file)).toString("utf8"), file), file, []);
		return textMap(top.blobstore, file, []);
	};
	const shared = await store("config/final.yml");
	const own = await store("config/private.yml");
	return {
		provider: textOf(shared.provider, "provider", []) ?? "",
		options: { ...textMap(shared.options, "options", []), ...textMap(own.options, "options", []) },
	};
}

/**
 * The archive of a build, as a stream that fails at its end if the digest differs.
 * @throws UserError if the blob store isn't a `local` one or lacks the blob.
 */
export async function openBuild(files: ReleaseFiles, store: Blobstore, build: Build): Promise<Readable> {
	if (store.provider !== "local") throw new UserError(unreadable(files, store, build));
	const folder = textOf(store.options.blobstore_path, "blobstore_path", []) ?? "";
	const blob = await files.openLocalBlob(folder, build.blobId);
	if (blob) return Readable.from(verified(blob.body, blob.url, build), { objectMode: false });
	throw new UserError(
		problem("no-blob", `${build.owner}: the blob ${build.blobId} is missing in the release's blob store ${folder}`),
	);
}

async function* verified(body: Readable, url: string, build: Build): AsyncGenerator<Buffer> {
	const all = digester();
	for await (const chunk of body as AsyncIterable<Buffer>) {
		all.update(chunk);
		yield chunk;
	}
	const mismatch = digestMismatch(build.sha1, all.digests());
	if (mismatch)
		throw new UserError(
			problem(
				"checksum-mismatch",
				`${build.owner}: the blob ${build.blobId} (${url}) has the checksum ${mismatch.actual}, .final_builds says ${mismatch.expected}`,
				{ hint: "the blob was changed or damaged: restore it, or use another version of the release" },
			),
		);
}

function unreadable(files: ReleaseFiles, store: Blobstore, build: Build): Problem {
	const bucket = textOf(store.options.bucket_name, "bucket_name", []);
	const kind = store.provider === "" ? "no blob store" : `a blob store of the kind ${store.provider}`;
	return problem(
		"blobstore-unsupported",
		`${build.owner}: config/final.yml of ${files.name} names ${kind}${bucket ? ` (bucket ${bucket})` : ""}; davit reads final blobs from a local one only`,
		{ hint: "give the release's tarball instead of its folder" },
	);
}
