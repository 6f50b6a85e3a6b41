import type { Place, Problem } from "../../errors.ts";

/** `manifests/min-4.yml:12:5` or as much of it as is known. */
function formatPlace({ file, line, column }: Place): string {
	return [file, line, column].filter((part) => part !== undefined).join(":");
}

/** One problem for people: where, what, and what to do next. */
export function formatProblem({ severity, message, place, hint }: Problem): string {
	const where = place?.file ? `${formatPlace(place)}: ` : "";
	const path = place?.path ? ` (at ${place.path})` : "";
	const lines = [`${severity}: ${where}${message}${path}`];
	if (hint) lines.push(...hint.split("\n").map((line, index) => (index === 0 ? `  → ${line}` : `    ${line}`)));
	return lines.join("\n");
}
