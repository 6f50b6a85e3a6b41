import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { World } from "./acceptance.ts";

/** Makes a compiled release of a source release's tarball, as BOSH's `export-release` does: `files` are what its one package compiles to. */
export function compileTarball(
	world: World,
	source: string,
	target: string,
	{ stemcell, files }: { readonly stemcell: string; readonly files: Readonly<Record<string, string>> },
): void {
	const folder = join(world.folder, "unpacked");
	const tar = (...args: string[]) => execFileSync("tar", ["--directory", folder, ...args]);
	mkdirSync(join(folder, "compiled_packages"), { recursive: true });
	tar("-xzf", join(world.folder, source));
	const manifest = readFileSync(join(folder, "release.MF"), "utf8");
	const [, name] = /^packages:\n *- name: (.+)$/m.exec(manifest) ?? [];
	for (const [path, text] of Object.entries(files)) writeFileSync(join(folder, path), text);
	const archive = `compiled_packages/${name}.tgz`;
	tar("-czf", join(folder, archive), ...Object.keys(files));
	const digest = createHash("sha256")
		.update(readFileSync(join(folder, archive)))
		.digest("hex");
	const [before = "", after = ""] = manifest.split(/^packages:$/m);
	const compiled = after.replace(/^( *)sha1: .*$/m, `$1sha1: sha256:${digest}\n$1stemcell: ${stemcell}`);
	writeFileSync(join(folder, "release.MF"), `${before}compiled_packages:${compiled}`);
	tar("-czf", join(world.folder, target), "release.MF", "jobs", archive);
	rmSync(folder, { recursive: true });
}
