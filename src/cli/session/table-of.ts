import type { DavitEvent } from "../../events.ts";

type Row = Readonly<Record<string, unknown>>;

/** A table event with only those columns that some row fills; without rows, with all of them. Rows may hold more than is shown, for programs. */
export function tableOf(name: string, columns: readonly string[], rows: readonly Row[]): DavitEvent {
	const filled = (column: string) => rows.some((row) => row[column] !== undefined && row[column] !== "");
	return { type: "table", name, columns: rows.length === 0 ? columns : columns.filter(filled), rows };
}
