import type { Row } from "./compare.ts";

const HEAD = ["what", "davit", "peer", "ratio", "the peer"] as const;

/** Rows as a Markdown table that also reads well in a terminal. The ratio is davit's by the peer's. */
export function table(rows: readonly Row[]): string {
	const cells = [
		HEAD,
		...rows.map(({ what, unit, davit, peer, peerTook }) =>
			peerTook === undefined
				? [what, amount(davit, unit), "–", "–", `${peer} (not on this machine)`]
				: [what, amount(davit, unit), amount(peerTook, unit), ratio(davit / peerTook), peer],
		),
	];
	const widths = HEAD.map((_, column) => Math.max(...cells.map((row) => (row[column] ?? "").length)));
	const line = (row: readonly string[]) =>
		`| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
	const [head = [], ...body] = cells;
	return [line(head), line(widths.map((width) => "-".repeat(width))), ...body.map(line)].join("\n");
}

function amount(value: number, unit: Row["unit"]): string {
	return unit === "MB" || value < 1_000 ? `${Math.round(value)} ${unit}` : `${(value / 1_000).toFixed(1)} s`;
}

function ratio(value: number): string {
	return value.toFixed(value < 10 ? 2 : 1);
}
