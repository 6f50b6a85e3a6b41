import type { Streams, View } from "./view.ts";

/** One JSON object a line (NDJSON), every event but calls to clouds, on standard output. */
export function createJsonView({ out }: Streams): View {
	return {
		emit: (event) => {
			if (event.type !== "cpi-call") out.write(`${JSON.stringify(event)}\n`);
		},
		close: async () => {},
	};
}
