import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { state } from "../../../../src/machine/supervisor/program/state.ts";

test("whoever reads the heartbeat while it is written sees a whole number", () => {
	const folder = mkdtempSync(join(tmpdir(), "davit-heartbeat-"));
	const program = `${state}
beat() { NOW=$1 NEXT_HEARTBEAT=0; heartbeat; }
beat 1
(for ((number = 1; number < 5000; number++)); do beat "$number"; done; : >done) &
torn=0
until [[ -e done ]]; do
  read -r read_back <heartbeat
  [[ $read_back =~ ^[0-9]+$ ]] || ((++torn))
done
read -r read_back <heartbeat
echo "$torn $read_back"`;
	try {
		expect(execFileSync("bash", ["-c", program], { cwd: folder, encoding: "utf8" })).toBe("0 4999\n");
	} finally {
		rmSync(folder, { recursive: true });
	}
});
