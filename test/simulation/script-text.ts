/** Value of `name=...` at the begin of a line. */
export function text(script: string, name: string): string {
	const value = new RegExp(`^${name}=('(?:[^']|'\\\\'')*'|\\S*)$`, "m").exec(script)?.[1] ?? "";
	return unquote(value);
}

/** Values of `name=(...)`. */
export function list(script: string, name: string): string[] {
	const inside = new RegExp(`^${name}=\\((.*)\\)$`, "m").exec(script)?.[1] ?? "";
	return (inside.match(/'(?:[^']|'\\'')*'|\S+/g) ?? []).map(unquote);
}

function unquote(word: string): string {
	return word.startsWith("'") ? word.slice(1, -1).replaceAll("'\\''", "'") : word;
}
