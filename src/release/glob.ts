/**
 * A pattern of a package's `files` as a regular expression over whole relative paths. The rules are doublestar's, which BOSH uses: `*`
 * and `?` stay inside a path component and match leading dots, `**` as a whole component matches any number of them, `[a-z]`, `[^a]`,
 * `{a,b/c}` and a backslash before a literal. Undefined if the pattern is broken.
 */
export function globExpression(pattern: string): RegExp | undefined {
	const source = alternatives(pattern)?.map(componentsSource);
	if (!source || source.some((part) => part === undefined)) return undefined;
	return new RegExp(`^(?:${source.join("|")})$`, "su");
}

/** Patterns without braces that together mean the same. */
function alternatives(pattern: string): string[] | undefined {
	const open = indexUnescaped(pattern, "{");
	if (open === -1) return [pattern];
	const close = closingBrace(pattern, open);
	if (close === -1) return undefined;
	const rest = pattern.slice(close + 1);
	const results: string[] = [];
	for (const option of splitOptions(pattern.slice(open + 1, close))) {
		const expanded = alternatives(`${pattern.slice(0, open)}${option}${rest}`);
		if (!expanded) return undefined;
		results.push(...expanded);
	}
	return results;
}

function componentsSource(pattern: string): string | undefined {
	const components = pattern.replace(/^\/+/, "").split(/\/+/);
	let source = "";
	for (const [index, component] of components.entries()) {
		const last = index === components.length - 1;
		if (component === "**") source += last ? ".+" : "(?:[^/]+/)*";
		else {
			const part = componentSource(component);
			if (part === undefined) return undefined;
			source += part + (last ? "" : "/");
		}
	}
	return source;
}

function componentSource(component: string): string | undefined {
	let source = "";
	const runes = [...component];
	for (let index = 0; index < runes.length; index++) {
		const rune = runes[index] as string;
		if (rune === "*") source += "[^/]*";
		else if (rune === "?") source += "[^/]";
		else if (rune === "\\") source += literal(runes[++index] ?? "");
		else if (rune === "[") {
			const end = runes.indexOf("]", index + 2);
			if (end === -1) return undefined;
			source += classSource(runes.slice(index + 1, end));
			index = end;
		} else source += literal(rune);
	}
	return source;
}

function classSource(runes: readonly string[]): string {
	const negated = runes[0] === "^";
	const body = runes
		.slice(negated ? 1 : 0)
		.map((rune) => (/[\][^]/.test(rune) ? `\\${rune}` : rune))
		.join("");
	return `[${negated ? "^/" : ""}${body}]`;
}

function literal(rune: string): string {
	return /[\\^$.*+?()[\]{}|/]/.test(rune) ? `\\${rune}` : rune;
}

function indexUnescaped(text: string, wanted: string): number {
	for (let index = 0; index < text.length; index++) {
		if (text[index] === "\\") index++;
		else if (text[index] === wanted) return index;
	}
	return -1;
}

function closingBrace(text: string, open: number): number {
	let depth = 0;
	for (let index = open; index < text.length; index++) {
		if (text[index] === "\\") index++;
		else if (text[index] === "{") depth++;
		else if (text[index] === "}" && --depth === 0) return index;
	}
	return -1;
}

function splitOptions(text: string): string[] {
	const options: string[] = [];
	let depth = 0;
	let current = "";
	for (const rune of text) {
		if (rune === "," && depth === 0) {
			options.push(current);
			current = "";
			continue;
		}
		if (rune === "{") depth++;
		if (rune === "}") depth--;
		current += rune;
	}
	return [...options, current];
}
