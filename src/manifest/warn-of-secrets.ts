import { toValue } from "./node.ts";
import { nodeAt, pathOf } from "./path.ts";
import type { Report } from "./report.ts";

const SECRET = /passw|secret|private_?key|access_?key|api_?key|token|credential/i;

/** Whether a key, or one on a path, is named as secrets are. */
export function looksSecret(name: string): boolean {
	return SECRET.test(name);
}

/** Top-level `properties` mean nothing to davit; a secret in them lies there for nothing. */
export function warnOfSecrets(path: string, report: Report): void {
	const node = nodeAt(report.source.node, path);
	if (!node) return;
	for (const found of secretPaths(toValue(node))) {
		const at = `${path}${pathOf(found)}`;
		report.warn(
			"unused-secret",
			at,
			`${at} looks like a secret, and davit does not use these properties`,
			"remove it from the file",
		);
	}
}

function secretPaths(value: unknown): readonly (readonly string[])[] {
	if (typeof value !== "object" || value === null) return [];
	return Object.entries(value).flatMap(([key, inner]) => {
		const literal = typeof inner === "string" && inner !== "" && !inner.startsWith("((");
		if (literal && looksSecret(key)) return [[key]];
		return secretPaths(inner).map((rest) => [key, ...rest]);
	});
}
