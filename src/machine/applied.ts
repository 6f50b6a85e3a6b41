import { DAVIT } from "./layout.ts";
import { script } from "./prelude.ts";
import { quote } from "./shell.ts";

/** The last script of an update: leaves on the VM what it was brought to (JSON, no secrets), for the probe to compare. */
export function markAppliedScript(json: string): string {
	return script(`put ${DAVIT}/applied.json 0600 root:root ${quote(json)}\ndurable ${DAVIT}`);
}
