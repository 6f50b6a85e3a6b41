import { openSqliteStore } from "../../../src/state/sqlite.ts";
import { manualClock, systemRandom } from "../../support/manual-clock.ts";

// A process of its own: opens the store named by its argument, says its UUID, takes a deployment if one is named, and
// then lives until it is killed or its input ends.
const [, , file = "", deployment] = process.argv;
const clock = { ...manualClock(), now: () => Date.now() };
clock.sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const store = await openSqliteStore({ file, clock, random: systemRandom });
if (deployment) await store.acquire(deployment, "child");
process.stdout.write(`${store.uuid}\n`);
process.stdin.resume();
