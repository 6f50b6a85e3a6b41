import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import type { LogFile } from "../../apply/context.ts";

/** Lines kept at hand for an error's text. */
const TAIL = 50;

/** Opens `NAME.log` in the folder, anew. */
export async function openLogFile(folder: string, name: string): Promise<LogFile> {
	await mkdir(folder, { recursive: true, mode: 0o700 });
	const path = join(folder, `${name.replace(/[^\w.-]/g, "_")}.log`);
	const stream = createWriteStream(path, { mode: 0o600 });
	stream.on("error", () => {});
	const last: string[] = [];
	return {
		path,
		line: (text) => {
			last.push(text);
			if (last.length > TAIL) last.shift();
			stream.write(`${text}\n`);
		},
		tail: () => last.join("\n"),
		close: async () => {
			stream.end();
			await finished(stream).catch(() => {});
		},
	};
}
