import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import type { TestProject } from "vitest/node";
import { installPackage, npmInstall } from "../support/installed.ts";

/** A Node, by its version and the folder that goes first on the PATH. */
export interface Node {
	readonly version: string;
	readonly folder: string;
}

declare module "vitest" {
	interface ProvidedContext {
		/** The package as somebody has it after `npm install --global`, an absolute path. */
		readonly installed: string;
		/** Paths in the tarball. */
		readonly packed: readonly string[];
		/** Each that davit must run on: the oldest allowed, the newest of each line, the one that developers have. */
		readonly nodes: readonly Node[];
		/** One that is too old. */
		readonly oldNode: Node;
	}
}

const checkout = join(import.meta.dirname, "../..");

function json(path: string): { engines: { node: string }; optionalDependencies: Readonly<Record<string, string>> } {
	return JSON.parse(readFileSync(join(checkout, path), "utf8"));
}

/** The Nodes of these versions or ranges, which come as packages that need no install script. */
function fetchNodes(ranges: readonly string[], folder: string): readonly Node[] {
	const name = `node-${process.platform}-${process.arch}`;
	mkdirSync(folder);
	const aliases = ranges.map((range, index) => `node-${index}@npm:${name}@${range}`);
	npmInstall(["--no-package-lock", "--prefix", folder, ...aliases]);
	return ranges.map((_, index) => {
		const own = join(folder, "node_modules", `node-${index}`);
		const { version } = JSON.parse(readFileSync(join(own, "package.json"), "utf8")) as { version: string };
		return { version: version.replace(/^v/, ""), folder: join(own, "bin") };
	});
}

/**
 * Packs this checkout, installs the tarball in an empty prefix, and points the acceptance tests' worlds at it; the machine's
 * Nodes are those of the lines that davit supports.
 */
export function setup(project: TestProject): () => void {
	const folder = mkdtempSync(join(tmpdir(), "davit-package-"));
	chmodSync(folder, 0o755);
	const remove = () => rmSync(folder, { recursive: true, force: true });
	try {
		const installed = installPackage(folder);
		const oldest = `${json("package.json").engines.node.replace(">=", "")}.0`;
		const pinned = json("tools/node/package.json").optionalDependencies[`node-linux-${process.arch}`] ?? "24";
		const [oldNode, ...nodes] = fetchNodes(["18", oldest, "22", "24", pinned], join(folder, "nodes")) as [
			Node,
			...Node[],
		];
		project.provide("installed", installed.folder);
		project.provide("packed", installed.packed);
		project.provide("oldNode", oldNode);
		project.provide("nodes", [...new Map(nodes.map((node) => [node.version, node])).values()]);
		process.env.DAVIT_ACCEPTANCE_BIN = installed.davit;
	} catch (error) {
		remove();
		throw error;
	}
	return remove;
}
