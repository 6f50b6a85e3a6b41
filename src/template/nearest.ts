/** The candidate that is most likely meant by a misspelt name: at most a third of its letters away. Undefined if none is. */
export function nearest(name: string, candidates: readonly string[]): string | undefined {
	const ranked = candidates
		.map((candidate) => ({ candidate, distance: editDistance(name, candidate) }))
		.filter(({ candidate, distance }) => distance > 0 && distance <= Math.max(name.length, candidate.length) / 3)
		.sort((a, b) => a.distance - b.distance);
	return ranked[0]?.candidate;
}

/** Levenshtein's: how many letters to insert, delete or replace. */
function editDistance(from: string, to: string): number {
	let row = Array.from({ length: to.length + 1 }, (_, index) => index);
	for (const [position, letter] of [...from].entries()) {
		const next = [position + 1];
		for (let column = 1; column <= to.length; column += 1) {
			const replace = (row[column - 1] ?? 0) + (letter === to[column - 1] ? 0 : 1);
			next.push(Math.min(replace, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1));
		}
		row = next;
	}
	return row[to.length] ?? 0;
}
