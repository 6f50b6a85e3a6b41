import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqliteStore } from "../../src/state/sqlite.ts";
import { systemRandom } from "../support/manual-clock.ts";
import { describeStateStore } from "./state.ts";

describeStateStore("SQLite", async () => {
	const folder = await mkdtemp(join(tmpdir(), "davit-state-"));
	return {
		open: (clock, { pid, dead }) =>
			openSqliteStore({
				...{ file: join(folder, "home", "state.db"), clock, random: systemRandom },
				self: { pid, machine: "test", isRunning: (other) => !dead.has(other) },
			}),
		remove: () => rm(folder, { recursive: true }),
	};
});
