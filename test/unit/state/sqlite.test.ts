import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { UserError } from "../../../src/errors.ts";
import { openSqliteStore, type SqliteStoreOptions } from "../../../src/state/sqlite.ts";
import { instanceRecord } from "../../contract/state.ts";
import { manualClock, systemRandom } from "../../support/manual-clock.ts";

let folder: string;
let file: string;
beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), "davit-state-"));
	file = join(folder, "home", "state.db");
});
afterEach(() => rm(folder, { recursive: true }));

const clock = manualClock();
const open = (more: Partial<SqliteStoreOptions> = {}) =>
	openSqliteStore({ file, clock, random: systemRandom, ...more });

async function refusalOf(opening: Promise<unknown>): Promise<UserError> {
	const error = await opening.then(
		() => undefined,
		(reason: unknown) => reason,
	);
	if (!(error instanceof UserError)) throw new Error("was not refused", { cause: error });
	return error;
}

function edit(sql: string): void {
	const database = new DatabaseSync(file);
	database.exec(sql);
	database.close();
}

describe("the file", () => {
	test("is for its owner only, its log and folder too, also when it was made by hand", async () => {
		await mkdir(join(folder, "home"), { mode: 0o700 });
		await writeFile(file, "", { mode: 0o644 });
		await chmod(file, 0o644);
		const store = await open();
		for (const each of [file, `${file}-wal`, `${file}-shm`]) expect((await stat(each)).mode & 0o777).toBe(0o600);
		await store.close();
		const other = await open({ file: join(folder, "new", "state.db") });
		expect((await stat(join(folder, "new"))).mode & 0o777).toBe(0o700);
		await other.close();
	});

	test.each<[string, () => Promise<unknown> | unknown, string, string]>([
		[
			"written by a newer davit",
			async () => {
				await (await open()).close();
				edit("PRAGMA user_version = 99");
			},
			"the state store FILE has schema version 99, written by a newer davit; this one knows 7",
			"install the davit that wrote it, or a newer one",
		],
		[
			"of another program",
			async () => {
				await mkdir(join(folder, "home"));
				edit("CREATE TABLE cookies (id)");
			},
			"the state store FILE is another program's database",
			"name another folder with --state",
		],
		[
			"that is no database",
			async () => {
				await mkdir(join(folder, "home"));
				await writeFile(file, "name: min-4\n".repeat(1000));
			},
			"the state store FILE is not a davit state store",
			"name another folder with --state",
		],
		[
			"that is a folder",
			() => mkdir(file, { recursive: true }),
			"the state store FILE can't be opened: EISDIR",
			"check the owner and mode of the file and its folder, or name another folder with --state",
		],
	])("one %s is refused", async (_, prepare, message, hint) => {
		await prepare();
		const refused = await refusalOf(open());
		expect(refused.message).toBe(message.replace("FILE", file));
		expect(refused.problems).toMatchObject([{ place: { file }, hint }]);
	});

	test.runIf(process.platform === "linux")("one on a network file system is refused", async () => {
		const refused = await refusalOf(open({ fileSystemType: async () => 0x6969 }));
		expect(refused.message).toBe(`the state store ${file} is on a network file system (NFS), where locks don't hold`);
		expect(refused.exitCode).toBe(4);
	});
});

describe("several processes", () => {
	const children: ChildProcess[] = [];
	const start = async (...more: string[]) => {
		const child = spawn(process.execPath, [join(import.meta.dirname, "open-store-child.ts"), file, ...more], {
			stdio: ["pipe", "pipe", "inherit"],
		});
		children.push(child);
		const [line] = await once(child.stdout, "data");
		return { child, uuid: String(line).trim() };
	};
	const kill = async (child: ChildProcess) => {
		if (child.exitCode !== null || child.signalCode !== null) return;
		child.kill("SIGKILL");
		await once(child, "exit");
	};
	afterEach(async () => {
		for (const child of children.splice(0)) await kill(child);
	});

	test("that open a new store at the same moment agree on its UUID", async () => {
		const started = await Promise.all(Array.from({ length: 6 }, () => start()));
		const store = await open();
		expect(new Set([store.uuid, ...started.map(({ uuid }) => uuid)]).size).toBe(1);
		await store.close();
	});

	test("a holder that is killed gives way at once", async () => {
		const { child } = await start("min-4");
		const store = await open({ clock: { ...clock, now: Date.now } });
		expect((await refusalOf(store.acquire("min-4", "kim"))).message).toContain("by child, since");
		await kill(child);
		const lease = await store.acquire("min-4", "kim");
		lease.check();
		await store.close();
	});
});

describe("renewal", () => {
	afterEach(() => {
		vi.useRealTimers();
	});

	test("a holder keeps its lease while it works, without asking", async () => {
		vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
		const time = manualClock();
		const store = await open({ clock: time });
		const lease = await store.acquire("min-4", "kim");
		for (let turn = 0; turn < 12; turn += 1) {
			time.advance(10_000);
			vi.advanceTimersByTime(10_000);
		}
		lease.check();
		expect(await store.holder("min-4")).toMatchObject({ holder: "kim", expiresAt: time.now() + 30_000 });
		await store.close();
	});

	test("a holder that wakes after its time aborts what is in flight, even if nobody took over", async () => {
		vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
		const time = manualClock();
		const store = await open({ clock: time });
		const lease = await store.acquire("min-4", "kim");
		time.advance(60_000);
		vi.advanceTimersByTime(10_000);
		expect(lease.signal.aborted).toBe(true);
		expect(await store.holder("min-4")).toBeUndefined();
		await store.close();
	});
});

describe("events", () => {
	const append = async (count: number) => {
		const store = await open();
		for (let at = 1; at <= count; at += 1) {
			const detail = { number: at };
			await store.appendEvent({
				...{ at, actor: "kim@host", deployment: "min-4", action: "deploy", object: "min-4" },
				...{ outcome: "done" as const, detail },
			});
		}
		return store;
	};

	test("can't be changed or deleted by a statement", async () => {
		await (await append(2)).close();
		expect(() => edit("UPDATE events SET event = '{}'")).toThrow("events are append-only");
		expect(() => edit("DELETE FROM events")).toThrow("events are append-only");
	});

	test.each([
		["nothing", "SELECT 1", undefined],
		["a changed one", "UPDATE events SET event = replace(event, 'kim', 'lee') WHERE id = 2", 2],
		["a missing one", "DELETE FROM events WHERE id = 2", 2],
		["an inserted one", "INSERT INTO events SELECT 4, deployment, event, digest FROM events WHERE id = 1", 4],
	])("show %s", async (_, sql, broken) => {
		await (await append(3)).close();
		edit("DROP TRIGGER events_stay; DROP TRIGGER events_are_kept");
		edit(sql);
		const store = await open();
		expect(await store.firstBrokenEvent()).toBe(broken);
		await store.close();
	});
});

test("a store of an older davit keeps its deployments: the one cloud file is the first of several now", async () => {
	await (await open()).close();
	const old = (name: string, cloudFile: string) =>
		`INSERT INTO deployments VALUES ('${name}', '${JSON.stringify({ name, cloudFile, manifestFile: "/m.yml", notes: [] })}')`;
	edit(
		`${old("own", "/it's.yml".replace("'", "''"))}; ${old("embedded", "")}; ALTER TABLE store DROP COLUMN moved; ALTER TABLE store DROP COLUMN digesting; ALTER TABLE store DROP COLUMN resurrection; ALTER TABLE compiled DROP COLUMN about; PRAGMA user_version = 1`,
	);
	const store = await open();
	const { manifestFile, notes } = { manifestFile: "/m.yml", notes: [] };
	expect(await store.deployments()).toEqual([
		{ name: "embedded", manifestFile, notes, cloudFiles: [], runtimeConfigFiles: [] },
		{ name: "own", manifestFile, notes, cloudFiles: ["/it's.yml"], runtimeConfigFiles: [] },
	]);
	await store.close();
});

test("a deployment of 2000 instances is read in a fraction of a second", async () => {
	const store = await open();
	const lease = await store.acquire("big", "kim");
	const jobs = Object.fromEntries(
		Array.from({ length: 10 }, (_, job) => [
			`job-${job}`,
			{
				release: "r/1",
				fingerprint: "f".repeat(64),
				input: "i".repeat(64),
				output: "o".repeat(64),
				files: ["bin/ctl"],
			},
		]),
	);
	await store.write(
		lease.fence,
		Array.from({ length: 2000 }, (_, index) => ({
			put: "instance" as const,
			record: {
				...instanceRecord(`i-${index}`),
				index,
				applied: { jobs, packages: {}, names: "n", tags: {}, postDeployed: true },
			},
		})),
	);
	const times: number[] = [];
	for (let run = 0; run < 5; run += 1) {
		const before = process.cpuUsage();
		expect((await store.read("big")).instances).toHaveLength(2000);
		const { user, system } = process.cpuUsage(before);
		times.push((user + system) / 1000);
	}
	// CPU time in ms; about 40 on a quiet machine.
	expect(Math.min(...times)).toBeLessThan(200);
	await store.close();
});

test("it is known whether anything is sealed, also after the deployment is gone", async () => {
	const store = await open();
	expect(await store.hasVariables()).toBe(false);
	const { fence } = await store.acquire("min-4", "kim");
	await store.putVariables(fence, [
		{ name: "p", type: "password", version: 1, createdAt: 1, definition: "d", sealed: "s" },
	]);
	await store.write(fence, [{ delete: "deployment", name: "min-4", variables: false }]);
	expect(await store.hasVariables()).toBe(true);
	await store.close();
});

const mayMount = (() => {
	try {
		execFileSync("unshare", ["--user", "--map-root-user", "--mount", "true"], { stdio: "ignore" });
		return true;
	} catch {
		return false;
	}
})();

test.runIf(mayMount)("a full disk is one clear error; what was written before is all there, and room mends it", () => {
	const child = join(import.meta.dirname, "full-disk-child.ts");
	const args = ["--user", "--map-root-user", "--mount", process.execPath, child, folder];
	expect(JSON.parse(execFileSync("unshare", args, { encoding: "utf8" }))).toEqual({
		problems: [
			{
				...{ severity: "error", code: "disk-full", place: { file: join(folder, "state.db") } },
				message: `the state store ${join(folder, "state.db")} can't grow: the disk is full`,
				hint: "make room on that disk, then run the command again",
			},
		],
		complete: true,
		afterwards: true,
	});
});
