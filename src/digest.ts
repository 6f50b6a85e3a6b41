import { createHash } from "node:crypto";

/** JSON with sorted keys and without undefined: the same data gives the same text. */
export function canonicalJson(value: unknown): string {
	if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(",")}]`;
	if (value !== null && typeof value === "object") {
		const entries = Object.entries(value)
			.filter(([, item]) => item !== undefined)
			.sort(([a], [b]) => (a < b ? -1 : 1));
		return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(",")}}`;
	}
	return JSON.stringify(value) ?? "null";
}

/** SHA-256 over the canonical JSON, 64 hex digits. */
export function digestOf(value: unknown): string {
	return createHash("sha256").update(canonicalJson(value)).digest("hex");
}
