import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { commands } from "../../../../src/machine/supervisor/program/commands.ts";

test("a command that comes at the moment when the supervisor's wait for one ends isn't lost", () => {
	const folder = mkdtempSync(join(tmpdir(), "davit-commands-"));
	const program = `${commands}
mkfifo commands
exec {COMMANDS_FD}<>commands
(for ((number = 1; number <= 3000; number++)); do printf '%s\\n' "- stop job-$number" 1<>commands >&1; done; echo over >&$COMMANDS_FD) &
WAIT=0.001 expected=0
until [[ $COMMAND == over ]]; do
  if next_command && [[ $COMMAND == "- stop job-$((expected + 1))" ]]; then ((++expected)); fi
done
echo "$expected"`;
	try {
		expect(execFileSync("bash", ["-c", program], { cwd: folder, encoding: "utf8" })).toBe("3000\n");
	} finally {
		rmSync(folder, { recursive: true });
	}
});
