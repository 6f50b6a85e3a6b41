import type { Place } from "../../errors.ts";
import type { Fact } from "../../manifest/provenance.ts";
import type { CliContext } from "../command.ts";

/** Tells why a value is what it is: the value and a line for each thing that had a part in it, or the same facts as rows. */
export function tellWhy([value, ...parts]: readonly Fact[], { json, emit }: Pick<CliContext, "json" | "emit">): void {
	if (!value) return;
	if (json) {
		const rows = [value, ...parts].map(rowOf);
		emit({ type: "table", name: "why", columns: ["kind", "text", "file", "line", "column"], rows });
		return;
	}
	const places = parts.map(({ place }) => formatPlace(place ?? {}));
	const width = Math.max(0, ...places.map(({ length }) => length));
	const lines = parts.map(({ text }, index) => `  ${places[index]?.padEnd(width)}   ${text}`);
	emit({ type: "output", text: `${[value.text, ...lines].join("\n")}\n` });
}

function rowOf({ kind, text, place = {}, ...more }: Fact): Readonly<Record<string, unknown>> {
	const { file, line, column } = place;
	return { kind, text, ...(isFile(place) ? { file, line, column } : { file }), ...more };
}

/** `ops/scale.yml:3:1`; of the command line the option alone. */
function formatPlace(place: Place): string {
	const { file, line, column } = place;
	return [file, ...(isFile(place) ? [line, column] : [])].filter((part) => part !== undefined).join(":");
}

function isFile({ file }: Place): boolean {
	return file?.startsWith("-") === false;
}
