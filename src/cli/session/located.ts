import type { Place, Problem } from "../../errors.ts";

/** Gives a problem that knows only its key path in the manifest the place where that was written. */
export function located(problem: Problem, placeOf: (path: string) => Place): Problem {
	const { place } = problem;
	return place?.path === undefined || place.file !== undefined ? problem : { ...problem, place: placeOf(place.path) };
}
