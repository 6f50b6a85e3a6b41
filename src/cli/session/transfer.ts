import type { InstanceName } from "../../plan/step.ts";
import type { CliContext } from "../command.ts";
import type { Copied } from "./pack-files.ts";
import { formatSize } from "./size.ts";

/** Milliseconds between two words about how far it is. */
const PROGRESS_MS = 1000;

/** Shows work that moves bytes as a step: how much came through while it goes on, what it was in the end. */
export async function showTransfer(
	instance: InstanceName,
	texts: { readonly kind: string; readonly doing: string; readonly done: (what: string) => string },
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
			if (copied.bytes !== told) emit({ type: "step-progress", id, text: formatSize(copied.bytes / 1024) });
			told = copied.bytes;
		}
	};
	void watch().catch(() => {});
	try {
		await work(copied);
		const files = copied.files === 1 ? "1 file" : `${copied.files} files`;
		emit({ type: "step-finished", ...step(), title: done(`${files} (${formatSize(copied.bytes / 1024)})`) });
	} catch (error) {
		emit({ type: "step-failed", ...step(), title: doing, problems: [] });
		throw error;
	} finally {
		over.abort();
	}
}
