import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { problem, UserError } from "../errors.ts";
import type { FileTree, PackageMember, TemporaryTree } from "../release/files.ts";
import { diskTree } from "./tree.ts";

export interface PrePackaging {
	readonly files: FileTree;
	readonly members: readonly PackageMember[];
	/** Path of the script among the members. */
	readonly script: string;
	/** For messages: `package nginx`. */
	readonly owner: string;
	/** Absolute; what the script finds as RELEASE_DIR. */
	readonly releaseFolder: string;
	readonly signal: AbortSignal;
}

/**
 * Copies the members into a new folder and runs the script there, with `bash -x`, BUILD_DIR and RELEASE_DIR (bosh-cli,
 * release/resource/archive.go).
 * @throws UserError with the last lines of its output if it fails.
 */
export async function prePackage(task: PrePackaging): Promise<TemporaryTree> {
	const folder = await mkdtemp(join(tmpdir(), "davit-pre-packaging-"));
	const remove = () => rm(folder, { recursive: true, force: true });
	try {
		for (const member of task.members) await copy(task.files, member, join(folder, member.path));
		await run(task, folder);
		return { ...diskTree(folder), remove };
	} catch (error) {
		await remove();
		throw error;
	}
}

async function copy(files: FileTree, member: PackageMember, target: string): Promise<void> {
	await mkdir(dirname(target), { recursive: true });
	if (member.kind === "symlink") return symlink(await files.readLink(member.source), target);
	const mode = member.executable ? 0o755 : 0o644;
	await pipeline(await files.open(member.source), createWriteStream(target, { mode }));
}

async function run({ script, owner, releaseFolder, signal }: PrePackaging, folder: string): Promise<void> {
	const child = spawn("bash", ["-x", join(folder, script)], {
		cwd: folder,
		env: { ...process.env, BUILD_DIR: folder, RELEASE_DIR: releaseFolder },
		stdio: ["ignore", "pipe", "pipe"],
		signal,
	});
	let tail = "";
	for (const stream of [child.stdout, child.stderr])
		stream.setEncoding("utf8").on("data", (text: string) => {
			tail = (tail + text).slice(-16_384);
		});
	const ended = await new Promise<string>((resolve, reject) => {
		child.on("error", reject);
		child.on("close", (code, killedBy) => resolve(code === null ? `signal ${killedBy}` : `exit code ${code}`));
	});
	if (ended === "exit code 0") return;
	const lines = tail.trimEnd().split("\n").slice(-20).join("\n");
	throw new UserError(
		problem("pre-packaging-failed", `${owner}: its pre_packaging script failed with ${ended}:\n${lines}`, {
			hint: "it runs on this machine, as in create-release: a tool that it calls may be missing here",
		}),
	);
}
