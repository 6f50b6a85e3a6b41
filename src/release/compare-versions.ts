/**
 * Orders versions of releases as BOSH does (semi_semantic): parts between dots, numbers by value and before words; what is behind a `-` makes it
 * earlier, what is behind a `+` later.
 */
export function compareVersions(one: string, other: string): number {
	const [a, b] = [one, other].map(parse) as [Parsed, Parsed];
	return (
		compareParts(a.release, b.release) ||
		compareOptional(a.before, b.before, 1) ||
		compareOptional(a.after, b.after, -1)
	);
}

interface Parsed {
	readonly release: readonly string[];
	readonly before: readonly string[] | undefined;
	readonly after: readonly string[] | undefined;
}

function parse(version: string): Parsed {
	const [, release = version, before, after] = /^([^-+]*)(?:-([^+]*))?(?:\+(.*))?$/.exec(version) ?? [];
	return { release: release.split("."), before: before?.split("."), after: after?.split(".") };
}

/** `absent`: what it means that the first has none and the other has one. */
function compareOptional(a: readonly string[] | undefined, b: readonly string[] | undefined, absent: 1 | -1): number {
	if (a && b) return compareParts(a, b);
	if (a) return -absent;
	return b ? absent : 0;
}

function compareParts(a: readonly string[], b: readonly string[]): number {
	for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
		const difference = comparePart(a[index] ?? "0", b[index] ?? "0");
		if (difference !== 0) return difference;
	}
	return 0;
}

function comparePart(a: string, b: string): number {
	const [one, other] = [a, b].map((part) => /^\d+$/.test(part));
	if (one && other) return Number(a) - Number(b);
	if (one !== other) return one ? -1 : 1;
	return a < b ? -1 : a > b ? 1 : 0;
}
