import { Composer, type Document, LineCounter, Parser } from "yaml";
import type { Place } from "../errors.ts";

/** A text's documents as the `yaml` package composes them: untyped scalars, equal keys and merge keys left to us; and where an offset is. */
export function composeDocuments(
	text: string,
	file: string,
): { readonly documents: Iterator<Document.Parsed>; readonly placeOf: (offset: number) => Place } {
	const lines = new LineCounter();
	const composer = new Composer({
		version: "1.1",
		schema: "failsafe",
		uniqueKeys: false,
		merge: false,
		logLevel: "silent",
	});
	const placeOf = (offset: number): Place => {
		const { line, col } = lines.linePos(offset);
		return { file, line, column: col };
	};
	return { documents: composer.compose(new Parser(lines.addNewLine).parse(text)), placeOf };
}
