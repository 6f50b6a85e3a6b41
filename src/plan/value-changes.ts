import { canonicalJson } from "../digest.ts";
import { escapeKey } from "../manifest/path.ts";
import { looksSecret } from "../manifest/warn-of-secrets.ts";

/** One value that differs. Absent: there was, or is, none. */
export interface ValueChange {
	/** Key path, such as `/jobs/app/properties/port`. */
	readonly path: string;
	readonly from?: unknown;
	readonly to?: unknown;
}

/** What stands for a value that nobody is to see. */
const HIDDEN = "(hidden)";

/**
 * Where two pieces of plain data differ, leaf by leaf, by path. A list is compared item by item while its length stays the same, else as a
 * whole. What stands below a key that is named like a secret is hidden, though that it differs is told.
 */
export function valueChanges(from: unknown, to: unknown, path = ""): readonly ValueChange[] {
	if (canonicalJson(from ?? null) === canonicalJson(to ?? null)) return [];
	if (isMap(from) && isMap(to)) {
		const keys = [...new Set([...Object.keys(from), ...Object.keys(to)])].sort();
		return keys.flatMap((key) => valueChanges(from[key], to[key], `${path}/${escapeKey(key)}`));
	}
	if (Array.isArray(from) && Array.isArray(to) && from.length === to.length)
		return from.flatMap((item, index) => valueChanges(item, to[index], `${path}/${index}`));
	const show = (value: unknown) => hideSecrets(value, looksSecret(path));
	return [
		{
			path,
			...(from === undefined || from === null ? {} : { from: show(from) }),
			...(to === undefined || to === null ? {} : { to: show(to) }),
		},
	];
}

/** The value with what is named like a secret hidden; all of it if `secret`. A reference to a generated variable tells nothing: it may be seen. */
export function hideSecrets(value: unknown, secret: boolean): unknown {
	if (isMap(value))
		return Object.fromEntries(
			Object.entries(value).map(([key, inner]) => [key, hideSecrets(inner, secret || looksSecret(key))]),
		);
	if (Array.isArray(value)) return value.map((item) => hideSecrets(item, secret));
	return secret && !(typeof value === "string" && /^\(\([^()]+\)\)$/.test(value)) ? HIDDEN : value;
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}
