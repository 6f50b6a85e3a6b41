import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type AptSource, parseAptSources } from "./apt-sources.ts";

/** What apt of this machine fetches from: /etc/apt/sources.list and sources.list.d, as sources.list(5) says. None where there is no apt. */
export async function machineSources(folder = "/etc/apt"): Promise<AptSource[]> {
	const parts = join(folder, "sources.list.d");
	const names = (await readdir(parts).catch(() => [])).sort().map((name) => join(parts, name));
	const files = [join(folder, "sources.list"), ...names].filter((name) => /\.(list|sources)$/.test(name));
	const read = await Promise.all(
		files.map(async (file) => {
			const text = await readFile(file, "utf8").catch(() => "");
			return parseAptSources(text, file.endsWith(".list") ? "list" : "sources");
		}),
	);
	return read.flat();
}
