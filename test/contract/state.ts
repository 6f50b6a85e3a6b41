import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { UserError } from "../../src/errors.ts";
import type {
	DeploymentRecord,
	DiskRecord,
	InstanceRecord,
	Lease,
	RecordedEvent,
	StateStore,
	StoredVariable,
} from "../../src/state/state.ts";
import { type ManualClock, manualClock } from "../support/manual-clock.ts";

/** One place where state is kept, made empty for each test. */
export interface StatePlace {
	/** A process that opens the store: `pid` runs unless it is in `dead`. */
	open(clock: ManualClock, process: { readonly pid: number; readonly dead: ReadonlySet<number> }): Promise<StateStore>;
	remove(): Promise<void>;
}

const minute = 60_000;

function deploymentRecord(name: string): DeploymentRecord {
	return {
		name,
		cloudFiles: ["/cloud/local.yml"],
		runtimeConfigFiles: [],
		manifestFile: "/manifests/min-4.yml",
		manifest: { name, tags: { 팀: "플랫폼" } },
		cloud: null,
		releases: { "tiny/1": { jobs: { app: "f1" }, packages: { empty: "f2" } } },
		notes: ["It works."],
	};
}

export function instanceRecord(id: string): InstanceRecord {
	return {
		id,
		group: "database",
		index: 0,
		az: "z1",
		bootstrap: true,
		lifecycle: "service",
		ips: { default: "10.77.0.11" },
		dirty: true,
		wanted: "started",
		ignore: false,
	};
}

function diskRecord(cid: string, more: Partial<DiskRecord> = {}): DiskRecord {
	return {
		cid: cid as DiskRecord["cid"],
		key: `key-${cid}`,
		deployment: "min-4",
		instance: "i-1",
		instanceName: "database/0",
		cpi: "local",
		az: "z1",
		sizeMib: 1024,
		cloudProperties: {},
		mounted: true,
		...more,
	};
}

function variable(name: string, version: number): StoredVariable {
	return { name, version, type: "password", createdAt: 5, definition: "d", sealed: `sealed ${name} ${version}` };
}

function event(action: string, deployment = "min-4"): RecordedEvent {
	return { at: 1, actor: "kim@host", deployment, action, object: "database/0", outcome: "done", detail: { n: 1 } };
}

async function refusal(work: () => unknown): Promise<UserError> {
	try {
		await work();
	} catch (error) {
		if (error instanceof UserError) return error;
		throw error;
	}
	throw new Error("was not refused");
}

/** What every state store does. `place` makes an empty one. */
export function describeStateStore(name: string, makePlace: () => Promise<StatePlace>): void {
	describe(`${name}: state store`, () => {
		let place: StatePlace;
		let clock: ManualClock;
		let store: StateStore;
		const dead = new Set<number>();
		const opened: StateStore[] = [];
		const open = async (pid: number, at = clock) => {
			const next = await place.open(at, { pid, dead });
			opened.push(next);
			return next;
		};

		beforeEach(async () => {
			dead.clear();
			place = await makePlace();
			clock = manualClock();
			store = await open(1);
		});
		afterEach(async () => {
			for (const each of opened.splice(0)) await each.close();
			await place.remove();
		});

		describe("the lease", () => {
			test("one process holds a deployment, and who is told to the next", async () => {
				const lease = await store.acquire("min-4", "kim@host pid 1 (davit deploy)");
				const other = await open(2);
				const refused = await refusal(() => other.acquire("min-4", "lee@host pid 2 (davit deploy)"));
				expect(refused.exitCode).toBe(3);
				expect(refused.message).toBe(
					"min-4 is being worked on by kim@host pid 1 (davit deploy), since 2026-01-01T00:00:00.000Z",
				);
				expect(await other.holder("min-4")).toMatchObject({ holder: "kim@host pid 1 (davit deploy)" });
				await lease.release();
				expect(await other.holder("min-4")).toBeUndefined();
			});

			test("a process is held up by its own other lease as well", async () => {
				await store.acquire("min-4", "kim");
				expect((await refusal(() => store.acquire("min-4", "kim"))).exitCode).toBe(3);
				await store.acquire("min-7", "kim");
			});

			test("numbers rise with each holder and are never given out twice, not even after the deployment is deleted", async () => {
				const numbers: number[] = [];
				for (const deployment of ["min-4", "min-4", "min-7", "min-4"]) {
					const lease = await store.acquire(deployment, "kim");
					numbers.push(lease.fence.number);
					await store.write(lease.fence, [{ put: "deployment", record: deploymentRecord(deployment) }]);
					await store.write(lease.fence, [{ delete: "deployment", name: deployment, variables: true }]);
					await lease.release();
				}
				expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
			});

			test("a holder whose process is gone gives way at once", async () => {
				await store.acquire("min-4", "kim");
				const other = await open(2);
				dead.add(1);
				expect(await other.holder("min-4")).toBeUndefined();
				await other.acquire("min-4", "lee");
				expect(await other.holder("min-4")).toMatchObject({ holder: "lee" });
			});

			test("a holder that is silent for its lease's 30 s gives way", async () => {
				await store.acquire("min-4", "kim");
				const other = await open(2);
				clock.advance(29_999);
				await refusal(() => other.acquire("min-4", "lee"));
				clock.advance(1);
				await other.acquire("min-4", "lee");
			});

			test("a process that slept past its lease stops itself and names who has it now", async () => {
				const lease = await store.acquire("min-4", "kim");
				lease.check();
				clock.advance(minute);
				const other = await open(2);
				await other.acquire("min-4", "lee@host pid 2 (davit deploy)");
				const lost = await refusal(() => lease.check());
				expect(lost.exitCode).toBe(3);
				expect(lost.message).toBe(
					`this process no longer holds min-4 (lease ${lease.fence.number} ran out): lee@host pid 2 (davit deploy) works on it now`,
				);
				expect(lease.signal.aborted).toBe(true);
				expect(lease.signal.reason).toBe(lost);
			});

			test("a process that slept past its lease stops itself even if nobody wanted it", async () => {
				const lease = await store.acquire("min-4", "kim");
				clock.advance(minute);
				expect((await refusal(() => lease.check())).problems[0]?.hint).toBe(
					"run the command again: it goes on from what is recorded",
				);
			});

			test("a suspended machine's process goes on if nobody took over, and stops if somebody did", async () => {
				const lease = await store.acquire("min-4", "kim");
				clock.suspend(minute);
				lease.check();
				expect(await store.holder("min-4")).toMatchObject({ holder: "kim" });
				clock.suspend(minute);
				await (await open(2)).acquire("min-4", "lee");
				expect((await refusal(() => lease.check())).message).toContain("lee works on it now");
			});

			test("releasing twice, or what others hold by now, does no harm", async () => {
				const lease = await store.acquire("min-4", "kim");
				clock.advance(minute);
				const next = await (await open(2)).acquire("min-4", "lee");
				await lease.release();
				await lease.release();
				expect(await store.holder("min-4")).toMatchObject({ holder: "lee", number: next.fence.number });
			});

			test("closing the store gives its leases back", async () => {
				const closing = await place.open(clock, { pid: 7, dead });
				await closing.acquire("min-4", "kim");
				await closing.close();
				expect(await store.holder("min-4")).toBeUndefined();
			});
		});

		describe("the fence", () => {
			const writes: Record<string, (store: StateStore, fence: Lease["fence"], intent: number) => Promise<unknown>> = {
				write: (it, fence) => it.write(fence, [{ put: "instance", record: instanceRecord("late") }]),
				begin: (it, fence) => it.begin(fence, { verb: "createVm", key: "late", data: {} }),
				finish: (it, fence, intent) =>
					it.finish(fence, intent, { ok: true, result: {} }, [{ put: "instance", record: instanceRecord("late") }]),
				putVariables: (it, fence) => it.putVariables(fence, [variable("late", 1)]),
			};

			test.each(Object.keys(writes))("%s of an old holder is refused and changes nothing", async (name) => {
				const old = await store.acquire("min-4", "kim");
				const intent = await store.begin(old.fence, { verb: "createVm", key: "k", data: {} });
				clock.advance(minute);
				const other = await open(2);
				await other.acquire("min-4", "lee");
				const before = [await other.read("min-4"), await other.variables("min-4")];
				const refused = await refusal(() => writes[name]?.(store, old.fence, intent));
				expect([refused.exitCode, refused.message]).toEqual([3, expect.stringContaining("lee works on it now")]);
				expect([await other.read("min-4"), await other.variables("min-4")]).toEqual(before);
			});

			test("a write after the release is refused", async () => {
				const lease = await store.acquire("min-4", "kim");
				await lease.release();
				expect((await refusal(() => store.write(lease.fence, []))).exitCode).toBe(3);
			});
		});

		describe("records", () => {
			let lease: Lease;
			beforeEach(async () => {
				lease = await store.acquire("min-4", "kim");
			});

			test("an unknown deployment is empty, not an error", async () => {
				expect(await store.read("none")).toEqual({ deployment: undefined, instances: [], disks: [], openIntents: [] });
			});

			test("what is put is read back as it was, by another process too", async () => {
				const record = deploymentRecord("min-4");
				const instances = [instanceRecord("i-1"), { ...instanceRecord("i-2"), ips: { default: "fd00::2" } }];
				await store.write(lease.fence, [
					{ put: "deployment", record },
					...instances.map((instance) => ({ put: "instance" as const, record: instance })),
					{ put: "disk", record: diskRecord("disk-1") },
				]);
				const expected = { deployment: record, instances, disks: [diskRecord("disk-1")], openIntents: [] };
				expect(await store.read("min-4")).toEqual(expected);
				expect(await (await open(2)).read("min-4")).toEqual(expected);
				expect(await store.deployments()).toEqual([record]);
			});

			test("put replaces, delete removes, deleting twice is fine", async () => {
				await store.write(lease.fence, [
					{ put: "instance", record: instanceRecord("i-1") },
					{ put: "instance", record: { ...instanceRecord("i-1"), dirty: false } },
					{ put: "instance", record: instanceRecord("i-2") },
					{ delete: "instance", id: "i-2" },
					{ delete: "instance", id: "i-2" },
				]);
				expect((await store.read("min-4")).instances).toEqual([{ ...instanceRecord("i-1"), dirty: false }]);
			});

			test("changes are written together or not at all", async () => {
				const stolen = store.write(lease.fence, [
					{ put: "instance", record: instanceRecord("i-1") },
					{ put: "deployment", record: deploymentRecord("other") },
				]);
				await expect(stolen).rejects.toThrow();
				expect((await store.read("min-4")).instances).toEqual([]);
			});

			test("deployments don't see each other's instances", async () => {
				const other = await store.acquire("min-7", "kim");
				await store.write(lease.fence, [{ put: "instance", record: instanceRecord("i-1") }]);
				await store.write(other.fence, [{ put: "instance", record: { ...instanceRecord("i-1"), az: "z2" } }]);
				await store.write(other.fence, [{ delete: "instance", id: "i-1" }]);
				expect((await store.read("min-4")).instances).toEqual([instanceRecord("i-1")]);
			});

			test("the store's UUID is the same for all who open it", async () => {
				expect(store.uuid).toMatch(/^[0-9a-f-]{36}$/);
				expect((await open(2)).uuid).toBe(store.uuid);
			});
		});

		describe("disks", () => {
			test("deleting a deployment orphans its disks, keeps its variables unless told, and forgets the rest", async () => {
				const lease = await store.acquire("min-4", "kim");
				await store.write(lease.fence, [
					{ put: "deployment", record: deploymentRecord("min-4") },
					{ put: "instance", record: instanceRecord("i-1") },
					{ put: "disk", record: diskRecord("disk-1") },
					{ put: "disk", record: diskRecord("disk-2", { orphanedAt: 7 }) },
				]);
				await store.putVariables(lease.fence, [variable("password", 1)]);
				const intent = await store.begin(lease.fence, { verb: "deleteVm", key: "k", data: {} });
				clock.advance(1000);
				await store.finish(lease.fence, intent, { ok: true, result: {} }, [
					{ delete: "deployment", name: "min-4", variables: false },
				]);
				const disks = [diskRecord("disk-1", { orphanedAt: clock.now() }), diskRecord("disk-2", { orphanedAt: 7 })];
				expect(await store.read("min-4")).toEqual({ deployment: undefined, instances: [], disks, openIntents: [] });
				expect(await store.orphanedDisks()).toEqual(disks);
				expect(await store.variables("min-4")).toEqual([variable("password", 1)]);
				await store.write(lease.fence, [{ delete: "deployment", name: "min-4", variables: true }]);
				expect(await store.variables("min-4")).toEqual([]);
			});

			test("only an orphaned disk can be taken over by another deployment", async () => {
				const lease = await store.acquire("min-4", "kim");
				const other = await store.acquire("min-7", "kim");
				await store.write(lease.fence, [{ put: "disk", record: diskRecord("disk-1") }]);
				const taken = diskRecord("disk-1", { deployment: "min-7" });
				const refused = await refusal(() => store.write(other.fence, [{ put: "disk", record: taken }]));
				expect(refused.message).toBe("disk disk-1 belongs to another deployment, which still uses it");
				await store.write(lease.fence, [{ put: "disk", record: diskRecord("disk-1", { orphanedAt: 1 }) }]);
				await store.write(other.fence, [{ put: "disk", record: taken }]);
				expect((await store.read("min-4")).disks).toEqual([]);
				expect((await store.read("min-7")).disks).toEqual([taken]);
				expect(await store.orphanedDisks()).toEqual([]);
			});
		});

		describe("the journal", () => {
			test("an open intent survives its process; the next holder sees it and finishes it", async () => {
				const crashed = await place.open(clock, { pid: 9, dead });
				const first = await crashed.acquire("min-4", "kim");
				clock.advance(5);
				const done = await crashed.begin(first.fence, { verb: "createDisk", key: "key-1", data: {} });
				await crashed.finish(first.fence, done, { ok: true, result: { cid: "disk-1" } }, []);
				const id = await crashed.begin(first.fence, { verb: "createVm", key: "key-2", data: { instance: "i-1" } });
				dead.add(9);

				const next = await store.acquire("min-4", "lee");
				const intent = {
					...{ id, deployment: "min-4", fence: first.fence.number, verb: "createVm", key: "key-2" },
					...{ data: { instance: "i-1" }, startedAt: clock.now() },
				};
				expect((await store.read("min-4")).openIntents).toEqual([intent]);
				const record = instanceRecord("i-1");
				await store.finish(next.fence, id, { ok: true, result: {} }, [{ put: "instance", record }]);
				expect(await store.read("min-4")).toMatchObject({ instances: [record], openIntents: [] });
				await crashed.close();
			});

			test("an intent is finished once, and only under its own deployment's lease", async () => {
				const lease = await store.acquire("min-4", "kim");
				const other = await store.acquire("min-7", "kim");
				const id = await store.begin(lease.fence, { verb: "createVm", key: "k", data: {} });
				const failed = { ok: false, problems: [{ severity: "error", code: "x", message: "no" }] } as const;
				await expect(store.finish(other.fence, id, failed, [])).rejects.toThrow(`min-7 has no open intent ${id}`);
				await store.finish(lease.fence, id, failed, []);
				await expect(store.finish(lease.fence, id, failed, [])).rejects.toThrow(`min-4 has no open intent ${id}`);
			});

			test("if a change can't be written, its intent stays open", async () => {
				const lease = await store.acquire("min-4", "kim");
				const id = await store.begin(lease.fence, { verb: "createDisk", key: "k", data: {} });
				const wrong = diskRecord("disk-1", { deployment: "min-7" });
				await expect(
					store.finish(lease.fence, id, { ok: true, result: {} }, [{ put: "disk", record: wrong }]),
				).rejects.toThrow();
				expect((await store.read("min-4")).openIntents).toHaveLength(1);
			});
		});

		describe("variables", () => {
			test("the newest version of each is read, by name; a version is never overwritten", async () => {
				const { fence } = await store.acquire("min-4", "kim");
				await store.putVariables(fence, [variable("b", 1), variable("a", 1)]);
				await store.putVariables(fence, [variable("b", 10), variable("b", 9)]);
				await store.putVariables(fence, [variable("b", 10)]);
				expect(await store.variables("min-4")).toEqual([variable("a", 1), variable("b", 10)]);
				await expect(store.putVariables(fence, [{ ...variable("a", 1), sealed: "other" }])).rejects.toThrow();
				expect(await store.variables("min-7")).toEqual([]);
			});
		});

		test("compiled packages are known to all deployments", async () => {
			expect(await store.compiled("key")).toBeUndefined();
			await store.putCompiled({ key: "key", digest: "sha256:1" });
			const stemcell = { os: "ubuntu-jammy", version: "1.10" };
			const about = { release: "nats", package: "golang", fingerprint: "f1", stemcell, compiledAt: 5 };
			await store.putCompiled({ key: "key", digest: "sha256:2", about });
			await store.putCompiled({ key: "another", digest: "sha256:3" });
			const other = await open(2);
			expect(await other.compiled("key")).toBe("sha256:2");
			expect(await other.allCompiled()).toEqual([
				{ key: "another", digest: "sha256:3" },
				{ key: "key", digest: "sha256:2", about },
			]);
			await other.deleteCompiled(["key", "none"]);
			expect(await store.compiled("key")).toBeUndefined();
			expect(await store.compiled("another")).toBe("sha256:3");
		});

		test("resurrection is on until somebody turns it off, for everybody", async () => {
			const other = await open(2);
			expect(await other.resurrection()).toBe(true);
			await store.setResurrection(false);
			expect(await other.resurrection()).toBe(false);
			await other.setResurrection(true);
			expect(await store.resurrection()).toBe(true);
		});

		test("events are read oldest first, the newest ones of the deployment only", async () => {
			for (const action of ["one", "two", "three"]) await store.appendEvent(event(action));
			await store.appendEvent(event("other", "min-7"));
			expect(await store.events("min-4", 2)).toEqual([event("two"), event("three")]);
		});
	});
}
