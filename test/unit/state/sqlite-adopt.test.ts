import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openSqliteStore, type SqliteStore } from "../../../src/state/sqlite.ts";
import type { StoredVariable } from "../../../src/state/state.ts";
import { instanceRecord } from "../../contract/state.ts";
import { manualClock, systemRandom } from "../../support/manual-clock.ts";

let folder: string;
let store: SqliteStore;
beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), "davit-adopt-"));
	store = await openSqliteStore({ file: join(folder, "state.db"), clock: manualClock(), random: systemRandom });
});
afterEach(async () => {
	await store.close();
	await rm(folder, { recursive: true });
});

const record = instanceRecord("one");
const login: StoredVariable = {
	name: "davit/login",
	type: "ssh",
	version: 1,
	createdAt: 1,
	definition: "",
	sealed: "s",
};
const lost = { uuid: "lost", fence: 41, changes: [{ put: "instance", record } as const], variables: [login] };

test("an empty store becomes the lost one: its UUID, its records, and no number that its VMs have met", async () => {
	const lease = await store.acquire("d", "somebody");
	await store.adopt(lease.fence, lost);
	expect(store.uuid).toBe("lost");
	expect((await store.read("d")).instances).toEqual([record]);
	expect(await store.variables("d")).toEqual([login]);
	await lease.release();
	const another = await store.acquire("e", "somebody");
	expect(another.fence.number).toBe(42);
	await store.adopt(another.fence, { ...lost, fence: 3, variables: [] });
	await another.release();
	expect((await store.acquire("d", "somebody")).fence.number).toBe(43);
});

test("one with something of its own, or that somebody works with, stays what it is", async () => {
	const { uuid } = store;
	const lease = await store.acquire("d", "somebody");
	const other = await store.acquire("e", "a colleague");
	await expect(store.adopt(lease.fence, lost)).rejects.toMatchObject({
		exitCode: 3,
		message: expect.stringContaining("a colleague"),
	});
	await store.write(other.fence, [{ put: "instance", record: { ...record, id: "e" } }]);
	await store.putVariables(other.fence, [login]);
	await other.release();
	const refusal = { exitCode: 4, message: expect.stringContaining("things of its own: e;") };
	await expect(store.adopt(lease.fence, lost)).rejects.toMatchObject(refusal);
	await expect(store.refuseOther("lost")).rejects.toMatchObject(refusal);
	await store.refuseOther(uuid);
	expect([store.uuid, (await store.read("d")).instances]).toEqual([uuid, []]);
});

test("a lease that is lost records nothing", async () => {
	const lease = await store.acquire("d", "somebody");
	await lease.release();
	await expect(store.adopt(lease.fence, lost)).rejects.toMatchObject({ exitCode: 3 });
	expect((await store.read("d")).instances).toEqual([]);
});
