import { expect, test } from "vitest";
import { Records } from "../../../src/apply/records.ts";
import { settleIntents } from "../../../src/apply/resume.ts";
import type { CloudResource, Cpi } from "../../../src/cpi/cpi.ts";
import type { Change, Intent, Lease, StateStore } from "../../../src/state/state.ts";
import { record } from "../../support/plan-fixtures.ts";

const intent: Intent = {
	id: 7,
	deployment: "d",
	fence: 1,
	verb: "createVm",
	key: "d-g-0-1",
	data: { instance: "g/0", cpi: "local", shape: {}, hostKey: "ssh-ed25519 AAAA" },
	startedAt: 0,
};

/** The changes that settle the intent, when the cloud has this for its key. */
async function settled(found: Partial<CloudResource> | undefined): Promise<readonly Change[]> {
	const written: Change[] = [];
	const store = {
		finish: async (_fence: unknown, _id: unknown, _outcome: unknown, changes: readonly Change[]) => {
			written.push(...changes);
		},
	};
	await settleIntents([intent], {
		deployment: "d",
		store: store as unknown as StateStore,
		lease: { fence: { deployment: "d", number: 2 } } as Lease,
		records: new Records({ instances: [record("g", 0)], disks: [] }),
		cpi: () => ({ find: async () => found }) as unknown as Cpi,
		options: { signal: new AbortController().signal, deadlineMs: 1 },
		now: () => 5,
	});
	return written;
}

test("a VM that a killed run had made is taken over: neither lost nor made twice", async () => {
	expect(await settled({ cid: "vm-1", state: "running" })).toMatchObject([
		{ put: "instance", record: { vm: { cid: "vm-1", key: "d-g-0-1", bootstrapped: false }, dirty: true } },
	]);
});

test.each([
	["was never made", undefined],
	["is there and does not run: half of it may be missing", { cid: "vm-1", state: "stopped" }],
])("a VM that %s is not", async (_, found) => {
	expect(await settled(found)).toEqual([]);
});
