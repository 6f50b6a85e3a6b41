import { type Problem, problem, warning } from "../errors.ts";
import type { Interpolated } from "./interpolate-manifest.ts";

/** Collects what is wrong with a file, each at its key path. */
export interface Report {
	readonly source: Pick<Interpolated, "value" | "node" | "place">;
	/** Errors and warnings. */
	readonly problems: Problem[];
	readonly error: (code: string, path: string, message: string, hint: string) => void;
	readonly warn: (code: string, path: string, message: string, hint: string) => void;
}

/** A report on one interpolated file. */
export function reportOn(source: Report["source"]): Report {
	const problems: Problem[] = [];
	return {
		source,
		problems,
		error: (code, path, message, hint) => problems.push(problem(code, message, { place: source.place(path), hint })),
		warn: (code, path, message, hint) => problems.push(warning(code, message, { place: source.place(path), hint })),
	};
}
