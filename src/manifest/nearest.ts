/** The candidate that a misspelt word most likely means: few edits away (a third of its length), case and `-` against `_` being none. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
	let best: string | undefined;
	let least = Math.floor(Math.max(3, word.length) / 3) + 1;
	for (const candidate of candidates) {
		const distance = editDistance(fold(word), fold(candidate));
		if (distance < least) [best, least] = [candidate, distance];
	}
	return best;
}

/** `did you mean "x"?`, or else the names there are. */
export function suggest(word: string, candidates: Iterable<string>): string {
	const all = [...candidates];
	const guess = nearest(word, all);
	if (guess !== undefined) return `did you mean "${guess}"?`;
	return all.length === 0 ? "there is none yet: add it" : `there is: ${listed(all)}`;
}

/** Names for a message, the first dozen of them. */
export function listed(names: readonly string[]): string {
	const rest = names.length > 12 ? `, and ${names.length - 12} more` : "";
	return `${names
		.slice(0, 12)
		.map((name) => `"${name}"`)
		.join(", ")}${rest}`;
}

function fold(word: string): string {
	return word.toLowerCase().replaceAll("-", "_");
}

/** Levenshtein's distance, with two neighbours swapped counting as one edit. */
function editDistance(a: string, b: string): number {
	let before: number[] = [];
	let row = Array.from({ length: b.length + 1 }, (_, index) => index);
	for (let i = 1; i <= a.length; i += 1) {
		const next = [i];
		for (let j = 1; j <= b.length; j += 1) {
			const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
			const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
			const swap = swapped ? (before[j - 2] ?? 0) + 1 : change;
			next.push(Math.min(change, swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
		}
		[before, row] = [row, next];
	}
	return row[b.length] ?? 0;
}
