/** Rows as aligned columns, two spaces apart, widths counted in terminal cells (Korean letters take two). */
export function formatTable(columns: readonly string[], rows: readonly Readonly<Record<string, unknown>>[]): string {
	const cells = rows.map((row) => columns.map((column) => cellText(row[column])));
	const widths = columns.map((column, index) =>
		Math.max(cellWidth(column), ...cells.map((row) => cellWidth(row[index] ?? ""))),
	);
	const line = (texts: readonly string[]) =>
		texts
			.map((text, index) => text + " ".repeat((widths[index] ?? 0) - cellWidth(text)))
			.join("  ")
			.trimEnd();
	return [line(columns), ...cells.map(line)].join("\n");
}

function cellText(value: unknown): string {
	if (value === undefined || value === null || value === "") return "-";
	if (Array.isArray(value)) return value.length === 0 ? "-" : value.join(", ");
	return String(value);
}

const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/u;

function cellWidth(text: string): number {
	let width = 0;
	for (const letter of text) width += WIDE.test(letter) ? 2 : 1;
	return width;
}

/** The text, or as much of it as fits into that many cells with an ellipsis behind. */
export function cutToWidth(text: string, cells: number): string {
	if (cellWidth(text) <= cells) return text;
	let [kept, width] = ["", 1];
	for (const letter of text) {
		width += cellWidth(letter);
		if (width > cells) break;
		kept += letter;
	}
	return `${kept}…`;
}
