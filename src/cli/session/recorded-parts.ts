import type { Random } from "../../clock.ts";
import type { Value } from "../../manifest/deployment.ts";
import type { Key } from "../../variables/key.ts";
import { openSealed, seal } from "../../variables/seal.ts";

/** The parts of a deployment's record that may hold secrets: what was given with -v, written in a cloud file, or shared by a link. */
export type RecordedPart = "manifest" | "cloud" | "links";

/** A part as it is recorded. */
export function sealPart(
	part: RecordedPart,
	value: unknown,
	place: { readonly deployment: string; readonly key: Key; readonly random: Random },
): string {
	return seal(JSON.stringify(value), { ...place, ...named(part) });
}

/** What `sealPart` sealed. A store of an older davit has manifest and cloud in clear until the next deploy: those are taken as they are. */
export function openPart(
	part: RecordedPart,
	recorded: unknown,
	place: { readonly deployment: string; readonly key: Key },
): Value {
	if (typeof recorded !== "string") return recorded as Value;
	return JSON.parse(openSealed(recorded, { ...place, ...named(part) })) as Value;
}

function named(part: RecordedPart) {
	return { name: `davit/${part}`, version: 1 };
}
