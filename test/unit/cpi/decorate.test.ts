import { expect, test } from "vitest";
import type { Clock } from "../../../src/clock.ts";
import type { CallOptions, Cpi, VmCid } from "../../../src/cpi/cpi.ts";
import { type CpiCare, decorate } from "../../../src/cpi/decorate.ts";
import { CpiError, type CpiErrorKind } from "../../../src/cpi/errors.ts";
import { manualClock } from "../../support/manual-clock.ts";
import { realClock } from "../../support/real-clock.ts";

/** A cloud that answers as told: no real one can be made to throttle, hang or break off at will. */
function cloud(verbs: Partial<Cpi>, idempotent = true): Cpi {
	return { info: () => ({ name: "c1", can: { idempotent } }), ...verbs } as unknown as Cpi;
}

const fails = (kind: CpiErrorKind, more: { retryAfterMs?: number; requestId?: string } = {}) =>
	new CpiError(`${kind} it is`, { kind, iaas: "c1", operation: "hasVm", ...more });

/** Counts the calls that it refuses. */
function refusal(error: CpiError) {
	const refused = { times: 0 };
	const call = async () => {
		refused.times++;
		throw error;
	};
	return { refused, call };
}

const cid = "vm-1" as VmCid;
const options: CallOptions = { signal: new AbortController().signal, deadlineMs: 60_000 };

/** A manual clock's sleeps end at once, so deadlines would too: those that a call outlives belong to a real clock. */
const patient = () => {
	const clock = manualClock();
	const slept: number[] = [];
	const sleep: Clock["sleep"] = (ms, signal) => {
		if (ms > 20_000) return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
		slept.push(ms);
		return clock.sleep(ms, signal);
	};
	return { clock: { ...clock, sleep }, slept };
};

const care = (clock: Clock, more: Partial<CpiCare> = {}): CpiCare => ({
	clock,
	random: { bytes: (length) => new Uint8Array(length).fill(0xff) },
	limit: 4,
	onCall: () => {},
	onRetry: () => {},
	...more,
});

test("a retryable error is tried again, each time after a longer wait at most, and told", async () => {
	const { clock, slept } = patient();
	let calls = 0;
	const told: string[] = [];
	const cpi = decorate(
		cloud({
			hasVm: async () => {
				if (++calls < 5) throw fails("unavailable");
				return true;
			},
		}),
		care(clock, { onRetry: ({ error, pauseMs }) => told.push(`${error.message} ${Math.round(pauseMs)}`) }),
	);
	expect(await cpi.hasVm(cid, options)).toBe(true);
	expect(slept.map(Math.round)).toEqual([500, 1000, 2000, 4000]);
	expect(told).toEqual([500, 1000, 2000, 4000].map((ms) => `unavailable it is ${ms}`));
});

test.each<CpiErrorKind>(["not-found", "quota", "auth", "invalid", "unsupported", "capacity"])(
	"%s is final",
	async (kind) => {
		const { refused, call } = refusal(fails(kind));
		const cpi = decorate(cloud({ hasVm: call }), care(patient().clock));
		await expect(cpi.hasVm(cid, options)).rejects.toMatchObject({ kind });
		expect(refused.times).toBe(1);
	},
);

test("what the cloud asks to wait is waited, even when it is longer than davit would", async () => {
	const { clock, slept } = patient();
	let calls = 0;
	const cpi = decorate(
		cloud({
			hasVm: async () => {
				if (++calls < 2) throw fails("rate-limit", { retryAfterMs: 17_000 });
				return false;
			},
		}),
		care(clock),
	);
	expect(await cpi.hasVm(cid, options)).toBe(false);
	expect(slept).toEqual([17_000]);
});

test("no wait goes past the caller's deadline: the cloud's last word is the error", async () => {
	const { clock, slept } = patient();
	const cpi = decorate(
		cloud({ hasVm: () => Promise.reject(fails("rate-limit", { retryAfterMs: 61_000 })) }),
		care(clock),
	);
	await expect(cpi.hasVm(cid, options)).rejects.toThrow("rate-limit it is");
	expect(slept).toEqual([]);
});

test.each([
	["createVm", "unavailable", 1],
	["createVm", "rate-limit", 6],
	["createDisk", "unavailable", 1],
	["deleteVm", "unavailable", 6],
] as const)("without idempotency keys, %s that failed as %s is called %i times", async (verb, kind, expected) => {
	const { refused, call } = refusal(fails(kind));
	const cpi = decorate(cloud({ [verb]: call }, false), care(patient().clock));
	await expect((cpi[verb] as (what: unknown, options: CallOptions) => Promise<unknown>)({}, options)).rejects.toThrow(
		kind,
	);
	expect(refused.times).toBe(expected);
});

test("a call that hangs ends at its deadline, and hears of it", async () => {
	let heard: unknown;
	const cpi = decorate(
		cloud({
			hasVm: (_cid, { signal }) =>
				new Promise(() => {
					signal.addEventListener("abort", () => {
						heard = signal.reason;
					});
				}),
		}),
		care(manualClock()),
	);
	await expect(cpi.hasVm(cid, options)).rejects.toMatchObject({
		kind: "unavailable",
		message: "hasVm did not end within 60.0 s",
	});
	expect(heard).toMatchObject({ kind: "unavailable" });
});

test("an abort in a wait ends it with the abort's reason, and no further call is made", async () => {
	const user = new AbortController();
	const { refused, call } = refusal(fails("rate-limit", { retryAfterMs: 30_000 }));
	const cpi = decorate(cloud({ hasVm: call }), care(realClock, { onRetry: () => user.abort(new Error("Ctrl-C")) }));
	await expect(cpi.hasVm(cid, { ...options, signal: user.signal })).rejects.toThrow("Ctrl-C");
	expect(refused.times).toBe(1);
});

test("no more calls run at a time than the limit; one that is given up while it waits frees its place in the queue", async () => {
	const running: (() => void)[] = [];
	let most = 0;
	const cpi = decorate(
		cloud({
			hasVm: () =>
				new Promise((resolve) => {
					running.push(() => resolve(true));
					most = Math.max(most, running.length);
				}),
		}),
		care(patient().clock, { limit: 2 }),
	);
	const impatient = new AbortController();
	const calls = [1, 2, 3, 4].map((number) =>
		cpi.hasVm(cid, number === 3 ? { ...options, signal: impatient.signal } : options),
	);
	impatient.abort(new Error("given up"));
	await expect(calls[2]).rejects.toThrow("given up");
	expect(running).toHaveLength(2);
	running.shift()?.();
	await calls[0];
	await expect.poll(() => running.length).toBe(2);
	for (const end of running) end();
	await expect(Promise.all([calls[1], calls[3]])).resolves.toEqual([true, true]);
	expect(most).toBe(2);
});

test("each attempt is logged by verb, with how it failed, never with its arguments", async () => {
	const log: unknown[] = [];
	let calls = 0;
	const cpi = decorate(
		cloud({
			hasVm: async () => {
				if (++calls < 2) throw fails("unavailable", { requestId: "req-7" });
				return true;
			},
		}),
		care(patient().clock, { onCall: ({ durationMs, ...call }) => log.push(call) }),
	);
	await cpi.hasVm(cid, options);
	expect(log).toEqual([
		{ iaas: "c1", verb: "hasVm", failure: { kind: "unavailable", message: "unavailable it is", requestId: "req-7" } },
		{ iaas: "c1", verb: "hasVm" },
	]);
});
