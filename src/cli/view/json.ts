import type { Streams, View } from "./view.ts";

/** One JSON object a line (NDJSON), every event, on standard output. */
export function createJsonView({ out }: Streams): View {
	return {
		emit: (event) => {
			out.write(`${JSON.stringify(event)}\n`);
		},
		close: async () => {},
	};
}
