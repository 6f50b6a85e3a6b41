import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Random } from "../clock.ts";
import { isRunning } from "../running-process.ts";

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

/** A name for a file that is being written, which tells whose it is. */
export function temporaryName(random: Random): string {
	return `${process.pid}.${random.uuid()}`;
}

/**
 * Removes half-written files whose process is gone, and any that nobody wrote to for a day. A file written to in the
 * last minute stays: its writer may be in another container, where pids are others. `now` in ms since 1970.
 */
export async function removeLeftovers(folder: string, now: number): Promise<void> {
	for (const name of await readdir(folder)) {
		const found = await stat(join(folder, name)).catch(() => undefined);
		if (!found) continue;
		const silentMs = now - found.mtimeMs;
		const [, pid] = /^(\d+)\./.exec(name) ?? [];
		const gone = pid !== undefined && !isRunning(Number(pid));
		if ((gone && silentMs > minuteMs) || silentMs > dayMs)
			await rm(join(folder, name), { recursive: true, force: true });
	}
}
