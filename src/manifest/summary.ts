import { formatNode } from "./format.ts";
import type { Node } from "./node.ts";

/** The longest text that is shown in full, in characters. */
const LONGEST = 80;

/** A value in one line: texts, numbers and the like as YAML, lists and maps by their size. */
export function summaryOf(node: Node): string {
	if (node.kind === "list") return `a list of ${counted(node.items.length, "item")}`;
	if (node.kind === "map") return `a map of ${counted(node.entries.size, "key")}`;
	if (typeof node.value === "string" && node.value.includes("\n"))
		return `a text of ${counted(node.value.replace(/\n$/, "").split("\n").length, "line")}`;
	const text = formatNode(node).trimEnd();
	return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
}

function counted(count: number, what: string): string {
	return `${count} ${what}${count === 1 ? "" : "s"}`;
}
