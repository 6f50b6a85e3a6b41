import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openSqliteStore } from "../../../src/state/sqlite.ts";
import { copySqliteStore } from "../../../src/state/sqlite-copy.ts";
import { instanceRecord } from "../../contract/state.ts";
import { manualClock, systemRandom } from "../../support/manual-clock.ts";

let folder: string;
beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), "davit-copy-"));
	await mkdir(join(folder, "copies"));
});
afterEach(() => rm(folder, { recursive: true }));

const options = () => ({ file: join(folder, "state.db"), clock: manualClock(), random: systemRandom });
const copy = () => copySqliteStore(options(), join(folder, "copies"));
const record = instanceRecord("one");

test("holds what a store holds that somebody works with; its own writes reach nobody, and nothing of it stays", async () => {
	const store = await openSqliteStore(options());
	const lease = await store.acquire("d", "somebody");
	await store.write(lease.fence, [{ put: "instance", record }]);
	const copied = await copy();
	expect(copied.store.uuid).toBe(store.uuid);
	expect((await copied.store.read("d")).instances).toEqual([record]);
	expect(await copied.take("d")).toMatchObject({ holder: "somebody", number: lease.fence.number });
	const own = await copied.store.acquire("d", "planner");
	expect(own.fence.number).toBeGreaterThan(lease.fence.number);
	await copied.store.write(own.fence, [{ delete: "instance", id: record.id }]);
	await copied.close();
	lease.check();
	expect((await store.read("d")).instances).toEqual([record]);
	expect(await store.holder("d")).toMatchObject({ holder: "somebody" });
	expect(await readdir(join(folder, "copies"))).toEqual([]);
	await store.close();
});

test("of a store that isn't there yet is empty, and makes none", async () => {
	const copied = await copy();
	expect(await copied.store.deployments()).toEqual([]);
	expect(await copied.take("d")).toBeUndefined();
	await copied.close();
	expect(await readdir(folder)).toEqual(["copies"]);
});

test("of an older store is brought up to date, and the older store stays as it is", async () => {
	await (await openSqliteStore(options())).close();
	const database = new DatabaseSync(options().file);
	database.exec(
		"ALTER TABLE store DROP COLUMN moved; ALTER TABLE store DROP COLUMN digesting; ALTER TABLE store DROP COLUMN resurrection; ALTER TABLE compiled DROP COLUMN about; PRAGMA user_version = 1; PRAGMA journal_mode = DELETE",
	);
	database.close();
	const before = await readFile(options().file);
	const copied = await copy();
	expect(await copied.store.deployments()).toEqual([]);
	await copied.close();
	expect(await readFile(options().file)).toEqual(before);
});

test.each([
	["a newer store", "has schema version 99, written by a newer davit"],
	["a file that is no database", "is not a davit state store"],
])("of %s is refused by that store's name, and nothing stays", async (what, message) => {
	const { file } = options();
	if (what === "a newer store") {
		await (await openSqliteStore(options())).close();
		const database = new DatabaseSync(file);
		database.exec("PRAGMA user_version = 99");
		database.close();
	} else await writeFile(file, "x".repeat(5000));
	await expect(copy()).rejects.toThrow(message);
	await expect(copy()).rejects.toThrow(file);
	expect(await readdir(join(folder, "copies"))).toEqual([]);
});
