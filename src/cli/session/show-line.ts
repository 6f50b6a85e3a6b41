import type { InstanceName } from "../../plan/step.ts";
import type { CliContext } from "../command.ts";

/**
 * Shows lines of an instance as they come, `instance: line` where `named`; what it wrote to standard error goes there. With --json an object
 * names instance and stream, and holds the bare line.
 */
export function lineShower(
	instance: InstanceName,
	named: boolean,
	{ emit, json }: Pick<CliContext, "emit" | "json">,
): (stream: "stdout" | "stderr", line: string) => void {
	const before = named ? `${instance}: ` : "";
	return (stream, line) => {
		if (json) emit({ type: "output", text: `${line}\n`, instance, stream });
		else if (stream === "stdout") emit({ type: "output", text: `${before}${line}\n` });
		else emit({ type: "note", text: `${before}${line}` });
	};
}
