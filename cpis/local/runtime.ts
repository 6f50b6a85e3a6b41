import { createHash } from "node:crypto";
import {
	chmodSync,
	constants,
	copyFileSync,
	cpSync,
	existsSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmSync,
	statSync,
	writeFileSync,
} from "node:fs";
import { createRequire, stripTypeScriptTypes } from "node:module";
import { basename, dirname, join } from "node:path";
import type { Call } from "../../src/cpi/call.ts";
import { locked } from "./lock.ts";
import { must } from "./run.ts";

/** The folders of a package and of all that it needs, by name. Optional native parts are left out. */
function packageFolders(name: string, from: string, found = new Map<string, string>()): ReadonlyMap<string, string> {
	if (found.has(name)) return found;
	let folder = dirname(createRequire(from).resolve(name));
	while (!existsSync(join(folder, "package.json"))) folder = dirname(folder);
	found.set(name, folder);
	const { dependencies = {} } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
	for (const needed of Object.keys(dependencies)) packageFolders(needed, join(folder, "package.json"), found);
	return found;
}

function guestFiles(): readonly string[] {
	const folder = join(import.meta.dirname, "guest");
	const files = readdirSync(folder).filter((name) => /\.([jt]s|sh)$/.test(name));
	const commands = readdirSync(join(folder, "commands")).map((name) => join("commands", name));
	return [...files, ...commands].map((name) => join(folder, name));
}

function digestOf(files: readonly string[], packages: ReadonlyMap<string, string>): string {
	const hash = createHash("sha256");
	const node = statSync(process.execPath);
	hash.update(JSON.stringify([process.version, process.arch, node.size]));
	for (const folder of packages.values()) hash.update(readFileSync(join(folder, "package.json")));
	for (const file of files) hash.update(`\0${basename(file)}\0`).update(readFileSync(file));
	return hash.digest("hex").slice(0, 16);
}

/** A VM that had to strip the types itself would boot slower. */
function withoutTypes(source: string): string {
	return stripTypeScriptTypes(source).replaceAll(/(from "\.\/[\w-]+)\.ts"/g, '$1.js"');
}

function copyInto(target: string, files: readonly string[], packages: ReadonlyMap<string, string>): void {
	mkdirSync(join(target, "commands"), { recursive: true, mode: 0o755 });
	copyFileSync(process.execPath, join(target, "node"), constants.COPYFILE_FICLONE);
	chmodSync(join(target, "node"), 0o755);
	writeFileSync(join(target, "package.json"), '{"type":"module"}\n');
	for (const file of files) {
		const copy = join(target, basename(dirname(file)) === "commands" ? "commands" : "", basename(file));
		if (file.endsWith(".ts")) writeFileSync(copy.replace(/ts$/, "js"), withoutTypes(readFileSync(file, "utf8")));
		else copyFileSync(file, copy);
	}
	for (const [name, folder] of packages)
		cpSync(folder, join(target, "node_modules", name), {
			recursive: true,
			filter: (path) => !/\/(test|examples|docs|util|node_modules)$/.test(path.slice(folder.length)),
		});
}

/**
 * The folder with all that a VM runs of ours: Node, the SSH server, the scripts. It is named by its digest, so that
 * VMs keep theirs while davit is upgraded.
 */
export async function guestRuntime(call: Call, folder: string): Promise<string> {
	const files = guestFiles();
	const packages = packageFolders("ssh2", import.meta.filename);
	const target = join(folder, "guest", digestOf(files, packages));
	if (existsSync(target)) return target;
	return locked(call, folder, ["runtime", "guest"], async () => {
		if (existsSync(target)) return target;
		call.doing("copying what VMs run");
		const fresh = `${target}.new`;
		rmSync(fresh, { recursive: true, force: true });
		copyInto(fresh, files, packages);
		// Whatever this user's umask is: the VM's users read it.
		await must(call, ["chmod", "-R", "u+rwX,go+rX", fresh]);
		renameSync(fresh, target);
		return target;
	});
}
