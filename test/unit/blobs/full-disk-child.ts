import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { openFolderStore } from "../../../src/blobs/folder.ts";
import { UserError } from "../../../src/errors.ts";
import { manualClock, systemRandom } from "../../support/manual-clock.ts";

// Runs in its own mount namespace: puts more into a disk of 1 MB than it holds, then something that fits.
const [, , folder = ""] = process.argv;
execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", folder]);
const store = await openFolderStore({ folder, clock: manualClock(), random: systemRandom });
const refused = await store.put(Buffer.alloc(2_000_000)).catch((error: unknown) => error);
const { size } = await store.put(Buffer.alloc(500_000));
process.stdout.write(
	JSON.stringify({
		...{ problems: refused instanceof UserError ? refused.problems : String(refused) },
		...{ left: readdirSync(join(folder, "incoming")), size },
	}),
);
