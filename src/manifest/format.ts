import type { Value } from "./deployment.ts";
import { fromValue, type Node, type ScalarNode, scalarText } from "./node.ts";
import { readPlain } from "./yaml-scalar.ts";

/** Plain data as YAML in BOSH's dialect: blocks, keys in their order, texts quoted only where they must be. Ends in a newline. */
export function formatYaml(value: Value): string {
	return formatNode(fromValue(value));
}

/** A node as YAML; decimal numbers keep being decimal numbers. Ends in a newline. */
export function formatNode(node: Node): string {
	const lines: string[] = [];
	if (isInline(node)) writeInline("", node, 0, lines);
	else writeBlock(node, 0, lines);
	return `${lines.join("\n")}\n`;
}

function isInline(node: Node): boolean {
	return node.kind === "scalar" || (node.kind === "list" ? node.items.length === 0 : node.entries.size === 0);
}

/** `first` replaces the indentation of the first line, for a block that begins behind `- `. */
function writeBlock(node: Node, indent: number, lines: string[], first = " ".repeat(indent)): void {
	let lead = first;
	if (node.kind === "list") {
		for (const item of node.items) {
			if (isInline(item)) writeInline(`${lead}- `, item, indent, lines);
			else writeBlock(item, indent + 2, lines, `${lead}- `);
			lead = " ".repeat(indent);
		}
	} else if (node.kind === "map") {
		for (const { key, value } of node.entries.values()) {
			const name = `${lead}${formatInline(key)}:`;
			lead = " ".repeat(indent);
			if (isInline(value)) writeInline(`${name} `, value, indent, lines);
			else {
				lines.push(name);
				writeBlock(value, value.kind === "list" ? indent : indent + 2, lines);
			}
		}
	}
}

function writeInline(lead: string, node: Node, indent: number, lines: string[]): void {
	if (node.kind === "scalar" && typeof node.value === "string" && fitsBlock(node.value)) {
		lines.push(...blockScalar(lead, node.value, " ".repeat(indent + 2)));
	} else lines.push(lead + (node.kind === "list" ? "[]" : node.kind === "map" ? "{}" : formatInline(node)));
}

function formatInline(scalar: ScalarNode): string {
	return typeof scalar.value === "string" ? quoteIfNeeded(scalar.value) : scalarText(scalar);
}

/** Keys, certificates, scripts: kept readable line by line. What a block can't hold exactly is quoted instead. */
function fitsBlock(text: string): boolean {
	return /\n/.test(text) && /^[^\s]/.test(text) && !/[^\P{Cc}\n\t]|[\p{Zl}\p{Zp}\p{Cs}\ufeff]/u.test(text);
}

function blockScalar(lead: string, text: string, indent: string): string[] {
	const ending = /\n*$/.exec(text)?.[0].length ?? 0;
	const chomp = ending === 0 ? "-" : ending === 1 ? "" : "+";
	const lines = (ending === 0 ? text : text.slice(0, -1)).split("\n");
	return [`${lead}|${chomp}`, ...lines.map((line) => (line === "" ? "" : indent + line))];
}

function quoteIfNeeded(text: string): string {
	return isPlain(text) && typeof readPlain(text).value === "string" && !readsElsewhere(text) ? text : quote(text);
}

/** Safe as an unquoted value or key, in a block and in brackets. */
function isPlain(text: string): boolean {
	return (
		/^[\p{L}\p{N}_./(<~=+^$;\\-]/u.test(text) &&
		!/^(-|\.{3}|---)(\s|$)|^<<$|: |:$| #|\s$|[\n\t,[\]{}?"'`|>&*!%@]/.test(text) &&
		/^[\p{L}\p{N}\p{P}\p{S} ]*$/u.test(text)
	);
}

/** Texts for BOSH that other YAML readers take for dates or times. */
function readsElsewhere(text: string): boolean {
	return /^\d{4}-\d{1,2}-\d{1,2}|^[-+]?\d+(:[0-5]?\d)+|^[-+.]?\d[\d_,.]*([eE][-+]?\d+)?$|^=$|^0[oO][0-7]+$/.test(text);
}

/** Double quotes with escapes that every YAML reader knows. */
function quote(text: string): string {
	return JSON.stringify(text).replace(
		/[\p{Cc}\p{Zl}\p{Zp}\ufeff]/gu,
		(char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
	);
}
