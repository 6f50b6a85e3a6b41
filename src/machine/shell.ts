/** One word of a command. Text and numbers are quoted; raw text stands as it is. */
export type Word = string | number | Raw;

export interface Raw {
	readonly raw: string;
}

/** A word that the shell shall read itself, such as `"$1"` or `>/dev/null`. */
export function raw(text: string): Raw {
	return { raw: text };
}

/** The word as bash reads it back unchanged, whatever it holds; plain words stay readable. A NUL byte can't be in a shell word. */
export function quote(text: string): string {
	if (text.includes("\0")) throw new RangeError("a shell word can't hold a NUL byte");
	return /^[\w@%+:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** `command("echo", "a b")` is `echo 'a b'`. */
export function command(...words: readonly Word[]): string {
	return words.map((word) => (typeof word === "object" ? word.raw : quote(String(word)))).join(" ");
}

export function and(...commands: readonly string[]): string {
	return commands.join(" && ");
}

export function or(...commands: readonly string[]): string {
	return commands.join(" || ");
}

export function pipe(...commands: readonly string[]): string {
	return commands.join(" | ");
}

/** `name=value` */
export function assign(name: string, value: string | number): string {
	return `${name}=${quote(String(value))}`;
}

/** `name=(a b)`; an empty list is `name=()`. */
export function assignList(name: string, values: readonly string[]): string {
	return `${name}=(${values.map(quote).join(" ")})`;
}

/** The command with `text` as its standard input, unexpanded. A text without a last line break gets one. */
export function heredoc(line: string, text: string): string {
	let end = "END";
	while (text.split("\n").includes(end)) end += "_";
	return `${line} <<'${end}'\n${text.endsWith("\n") || text === "" ? text : `${text}\n`}${end}`;
}
