import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { UserError } from "../../../src/errors.ts";
import { openSqliteStore } from "../../../src/state/sqlite.ts";
import { instanceRecord } from "../../contract/state.ts";
import { manualClock, systemRandom } from "../../support/manual-clock.ts";

// Runs in its own mount namespace: writes until a disk of 1 MB is full, reads all of it back, then makes room and goes on.
const [, , folder = ""] = process.argv;
execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", folder]);
const file = join(folder, "state.db");
const open = () => openSqliteStore({ file, clock: manualClock(), random: systemRandom });
const store = await open();
const { fence } = await store.acquire("min-4", "kim");
let written = 0;
let refused: unknown;
while (!refused && written < 10_000) {
	const record = { ...instanceRecord(`i-${written}`), az: "z".repeat(2000) };
	await store.write(fence, [{ put: "instance", record }]).then(
		() => {
			written += 1;
		},
		(error: unknown) => {
			refused = error;
		},
	);
}
const { instances } = await store.read("min-4");
execFileSync("mount", ["-o", "remount,size=4m", folder]);
await store.write(fence, [{ put: "instance", record: instanceRecord("afterwards") }]);
await store.close();
const again = await open();
process.stdout.write(
	JSON.stringify({
		problems: refused instanceof UserError ? refused.problems : String(refused),
		complete: instances.length === written && written > 0,
		afterwards: (await again.read("min-4")).instances.length === written + 1,
	}),
);
await again.close();
