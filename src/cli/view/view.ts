import type { EventSink } from "../../events.ts";

/** Shows events. `close` ends what is live on the terminal; nothing is shown after it. */
export interface View {
	readonly emit: EventSink;
	close(): Promise<void>;
}

/** Where a view writes: results to `out`, all else to `err`. */
export interface Streams {
	readonly out: { write(text: string): unknown };
	readonly err: NodeJS.WritableStream & { readonly columns?: number };
}
