/** Names so that each comes after those that it needs, otherwise as given; and the rings, which have no such order. */
export function orderByNeed(
	names: readonly string[],
	needs: (name: string) => readonly string[],
): { readonly ordered: readonly string[]; readonly cycles: readonly (readonly string[])[] } {
	const ordered = new Set<string>();
	const cycles: string[][] = [];
	const seen = new Set<string>();
	const visit = (name: string, path: readonly string[]) => {
		const start = path.indexOf(name);
		if (start >= 0) cycles.push(path.slice(start));
		if (seen.has(name)) return;
		seen.add(name);
		for (const need of needs(name)) visit(need, [...path, name]);
		ordered.add(name);
	};
	for (const name of names) visit(name, []);
	return { ordered: [...ordered], cycles };
}
