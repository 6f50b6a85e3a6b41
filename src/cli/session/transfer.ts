import type { InstanceName } from "../../plan/step.ts";
import type { CliContext } from "../command.ts";
import { formatSize } from "./size.ts";

/** What went through so far. */
export interface Copied {
	files: number;
	bytes: number;
}

/** Milliseconds between two words about how far it is. */
const PROGRESS_MS = 1000;

/** Shows work that moves bytes as a step: how much came through while it goes on, what it was in the end. */
export async function showTransfer(
	instance: InstanceName,
	texts: { readonly kind: string; readonly doing: string; readonly done: (copied: Copied) => string },
	{ emit, clock }: Pick<CliContext, "emit" | "clock">,
	work: (copied: Copied) => Promise<void>,
): Promise<void> {
	const { kind, doing, done } = texts;
	const id = `${kind} ${instance}`;
	const began = clock.monotonic();
	const step = () => ({ id, kind, durationMs: clock.monotonic() - began });
	const copied: Copied = { files: 0, bytes: 0 };
	const over = new AbortController();
	emit({ type: "step-started", id, kind, title: doing, instance });
	const watch = async () => {
		for (let told = 0; !over.signal.aborted; ) {
			await clock.sleep(PROGRESS_MS, over.signal);
			if (copied.bytes !== told) emit({ type: "step-progress", id, text: formatBytes(copied.bytes) });
			told = copied.bytes;
		}
	};
	void watch().catch(() => {});
	try {
		await work(copied);
		emit({ type: "step-finished", ...step(), title: done(copied) });
	} catch (error) {
		emit({ type: "step-failed", ...step(), title: doing, problems: [] });
		throw error;
	} finally {
		over.abort();
	}
}

/** `1 file (3 KiB)` */
export function inWords({ files, bytes }: Copied): string {
	return `${files} file${files === 1 ? "" : "s"} (${formatBytes(bytes)})`;
}

/** `512 KiB`; what is less than one counts as one. */
export function formatBytes(bytes: number): string {
	return formatSize(bytes / 1024);
}

/** Passes chunks on, counting their bytes. */
export async function* counted(body: AsyncIterable<unknown>, copied: Copied): AsyncGenerator<Buffer> {
	for await (const chunk of body) {
		copied.bytes += (chunk as Buffer).length;
		yield chunk as Buffer;
	}
}
