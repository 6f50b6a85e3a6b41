import { type Place, type Problem, problem, UserError, warning } from "../errors.ts";
import type { Value } from "./deployment.ts";
import { type Node, toValue } from "./node.ts";
import { placeAt } from "./path.ts";
import { composeNode } from "./yaml-compose.ts";
import { composeDocuments } from "./yaml-documents.ts";
import { explainSyntaxError } from "./yaml-errors.ts";

/** A text's first document, read. */
export interface ParsedYaml {
	readonly node: Node;
	readonly warnings: readonly Problem[];
}

/**
 * Reads YAML in BOSH's dialect (Go's yaml.v2, not strict): the last of two equal keys counts, an empty text is null, a second
 * document is ignored; each of these gives a warning. `file` is the name shown in places.
 * @throws UserError with file:line:column if the text is no YAML.
 */
export function parseNode(text: string, file: string): ParsedYaml {
	const { documents, placeOf } = composeDocuments(text, file);
	const first = documents.next();
	if (first.done) return { node: { kind: "scalar", value: null, place: { file, line: 1, column: 1 } }, warnings: [] };
	const document = first.value;
	const error = document.errors.find(({ code }) => code !== "TAG_RESOLVE_FAILED");
	if (error) throw new UserError(explainSyntaxError(error, { document, text, placeOf }));
	if (document.directives?.yaml.explicit && document.directives.yaml.version !== "1.1") {
		throw new UserError(
			problem("yaml-version", `"%YAML ${document.directives.yaml.version}": BOSH's manifests are YAML 1.1`, {
				place: { file, line: 1, column: 1 },
				hint: "remove the %YAML line",
			}),
		);
	}
	const { node, warnings } = composeNode(document.contents, text, placeOf);
	const second = documents.next();
	if (second.done) return { node, warnings };
	return { node, warnings: [...warnings, ignoredDocument(placeOf(second.value.range[0]))] };
}

function ignoredDocument(place: Place): Problem {
	return warning("second-document", "only the first YAML document of a file is read; this one is ignored, as in BOSH", {
		place,
		hint: "remove the line --- or move what follows to a file of its own",
	});
}

/**
 * Reads YAML in BOSH's dialect, as plain data. `place` tells where a key path such as `/releases/0/name` was written.
 * @throws UserError with file:line:column if the text is no YAML.
 */
export function parseYaml(
	text: string,
	file: string,
): { readonly value: Value; readonly warnings: readonly Problem[]; readonly place: (path: string) => Place } {
	const { node, warnings } = parseNode(text, file);
	return { value: toValue(node), warnings, place: (path) => placeAt(node, path) };
}
