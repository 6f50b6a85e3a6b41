import type { Row } from "./compare.ts";

const HEAD = ["what", "davit", "peer", "ratio", "the peer"] as const;

/** Rows as a Markdown table that also reads well in a terminal. The ratio is davit's time by the peer's. */
export function table(rows: readonly Row[]): string {
	const cells = [
		HEAD,
		...rows.map(({ what, davitMs, peer, peerMs }) =>
			peerMs === undefined
				? [what, time(davitMs), "–", "–", `${peer} (not on this machine)`]
				: [what, time(davitMs), time(peerMs), (davitMs / peerMs).toFixed(davitMs < 10 * peerMs ? 2 : 1), peer],
		),
	];
	const widths = HEAD.map((_, column) => Math.max(...cells.map((row) => (row[column] ?? "").length)));
	const line = (row: readonly string[]) =>
		`| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
	const [head = [], ...body] = cells;
	return [line(head), line(widths.map((width) => "-".repeat(width))), ...body.map(line)].join("\n");
}

function time(ms: number): string {
	return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}
