import { describe, expect, test } from "vitest";
import { RULES, type Standing } from "../../../src/health/judge.ts";
import { chooseRepairs, judgeAll, PAUSES, type PastRepair, type Policy } from "../../../src/health/repairs.ts";

const MINUTE = 60_000;
type Ill = "well" | "silent" | "gone" | "off" | "failing" | "deaf" | "crashing" | "unseen";

const policy: Policy = { maxInFlight: { percent: 20 }, pauses: PAUSES, repairs: () => true };

function standing(ill: Ill): Standing {
	const streak = { looks: 3, firstAt: -20_000, lastAt: 0 };
	const base = { since: 0, why: ill, restarts: {}, restarted: [] };
	if (ill === "well") return { ...base, verdict: "healthy", good: streak };
	if (ill === "unseen") return { ...base, verdict: "healthy", silent: { ...streak, looks: 1 } };
	if (ill === "silent") return { ...base, verdict: "unresponsive", silent: streak };
	if (ill === "gone") return { ...base, verdict: "missing", silent: streak, absent: { ...streak, as: "gone" } };
	if (ill === "off") return { ...base, verdict: "missing", silent: streak, absent: { ...streak, as: "stopped" } };
	const restarted = ill === "crashing" ? [{ at: 0, process: "app", times: 3 }] : [];
	const what = ill === "deaf" ? "services" : "processes";
	return { ...base, verdict: "degraded", failing: { ...streak, what }, restarted };
}

/** So many VMs in AZs by turns, the first of them ill. */
function fleet(count: number, ill: readonly Ill[], azs = 1) {
	return Array.from({ length: count }, (_, index) => {
		const state = ill[index] ?? "well";
		const cloud = state === "gone" ? "gone" : state === "off" ? "stopped" : "running";
		const machine = ["silent", "gone", "off", "unseen"].includes(state)
			? ({ answers: false, why: state } as const)
			: ({ answers: true, bootId: "1", failing: [], deaf: [], tookMs: 1, restarts: {} } as const);
		return {
			instance: `web/${index}`,
			az: `z${(index % azs) + 1}`,
			reading: { at: 0, cloud, machine } as const,
			standing: standing(state),
		};
	});
}

/** Repairs as `index kind`, and what was held as `index code`. */
function chosen(
	targets: ReturnType<typeof fleet>,
	{ running = [] as string[], past = [] as PastRepair[], own = policy, now = 0 } = {},
) {
	const { repairs, held } = chooseRepairs({ targets, running, past, policy: own, now });
	return {
		repairs: repairs.map(({ instance, kind }) => `${instance} ${kind}`),
		held: held.map(({ instance, code }) => `${instance} ${code}`),
	};
}

describe("who is repaired", () => {
	test.each<[string, number, readonly Ill[], readonly string[], readonly string[]]>([
		["nobody who is well", 4, [], [], []],
		["one that is gone gets a new VM", 4, ["gone"], ["web/0 recreate"], []],
		["one that is off is powered on", 4, ["off"], ["web/0 start"], []],
		["one that is silent gets a new VM", 4, ["silent"], ["web/0 recreate"], []],
		["processes that don't run are started", 4, ["failing"], ["web/0 start"], []],
		["jobs whose services are deaf are restarted", 4, ["deaf"], ["web/0 restart"], []],
		["what crashes again and again is left to a person", 4, ["crashing"], [], ["web/0 crashes"]],
		[
			"one at a time of four, though all are gone",
			4,
			["off", "off", "off", "off"],
			["web/0 start"],
			["web/1 turn", "web/2 turn", "web/3 turn"],
		],
		["a fifth of ten", 10, ["gone", "gone", "gone"], ["web/0 recreate", "web/1 recreate"], ["web/2 turn"]],
	])("%s", (_, count, ill, repairs, held) => {
		expect(chosen(fleet(count, ill))).toEqual({ repairs, held });
	});

	test("what the cloud says is gone is repaired within the budget, also while the watcher may be cut off", () => {
		const { repairs } = chosen(fleet(10, ["unseen", "unseen", "unseen", "gone", "gone", "gone"]));
		expect(repairs).toEqual(["web/3 recreate", "web/4 recreate"]);
	});

	test("no more than a fifth of an AZ, though the deployment would allow more", () => {
		const targets = fleet(20, ["gone", "well", "gone", "well", "gone"], 2);
		expect(chosen(targets)).toMatchObject({ repairs: ["web/0 recreate", "web/2 recreate"], held: ["web/4 turn"] });
	});

	test("what is being repaired counts, and is not judged", () => {
		expect(chosen(fleet(4, ["gone", "gone"]), { running: ["web/0"] })).toMatchObject({
			repairs: [],
			held: ["web/1 turn"],
		});
	});

	test("whose resurrection is off is told, and left", () => {
		const own = { ...policy, repairs: (instance: string) => instance !== "web/0" };
		expect(chosen(fleet(4, ["gone"]), { own })).toMatchObject({ repairs: [], held: ["web/0 off"] });
	});
});

describe("whether the watcher may be cut off", () => {
	test.each<[string, number, readonly Ill[], boolean]>([
		["one of four is silent", 4, ["silent"], false],
		["one of one", 1, ["silent"], false],
		["two of four, one of them for a moment only", 4, ["silent", "unseen"], true],
		["two of ten", 10, ["silent", "silent"], false],
		["three of ten", 10, ["silent", "unseen", "unseen"], true],
		["all are gone at the cloud", 4, ["gone", "off", "gone", "gone"], false],
	])("%s: %s", (_, count, ill, cut) => {
		const { judged, partitioned } = judgeAll(fleet(count, ill), new Map(), RULES);
		expect(partitioned !== undefined).toBe(cut);
		const silent = judged.filter(({ reading: { machine, cloud } }) => !machine.answers && cloud === "running");
		for (const { standing } of silent) expect(standing.verdict).toBe(cut ? "partitioned" : "unknown");
	});
});

test("a cloud that says of VMs which answer that they are gone is believed of none", () => {
	const targets = fleet(10, ["gone"]).map((target, index) =>
		index === 1 ? { ...target, reading: { ...target.reading, cloud: "gone" as const } } : target,
	);
	const at = (ms: number) => targets.map((target) => ({ ...target, reading: { ...target.reading, at: ms } }));
	let standings = new Map<string, Standing>();
	for (let ms = 0; ms <= 120_000; ms += 10_000) {
		const { judged } = judgeAll(at(ms), standings, RULES);
		standings = new Map(judged.map(({ instance, standing: one }) => [instance, one]));
	}
	expect(standings.get("web/0")?.verdict).toBe("unknown");
	expect(standings.get("web/1")?.verdict).toBe("healthy");
});

describe("again and again", () => {
	const repaired = (...minutes: readonly number[]) =>
		minutes.map((minute): PastRepair => ({ instance: "web/0", at: minute * MINUTE }));

	test.each([
		[0, [], true],
		[0.9, [0], false],
		[1, [0], true],
		[5, [0, 1], false],
		[6, [0, 1], true],
		[20, [0, 1, 6], false],
		[21, [0, 1, 6], true],
		[35, [0, 1, 6, 21], false],
		[36, [0, 1, 6, 21], true],
	])("at minute %d, after repairs at %j: %s", (minute, past, now) => {
		const { repairs } = chosen(fleet(10, ["gone"]), { past: repaired(...past), now: minute * MINUTE });
		expect(repairs).toEqual(now ? ["web/0 recreate"] : []);
	});

	test.each<[Ill, readonly string[]]>([
		["gone", ["recreate", "recreate"]],
		["silent", ["recreate", "recreate"]],
		["off", ["start", "recreate", "recreate"]],
		["failing", ["start", "restart", "reboot", "recreate"]],
		["deaf", ["restart", "reboot", "recreate", "recreate"]],
	])("what is %s again within the hour gets the next remedy: %j", (ill, remedies) => {
		const past: PastRepair[] = [];
		for (const [index, kind] of remedies.entries()) {
			const now = index * 16 * MINUTE;
			expect(chosen(fleet(10, [ill]), { past, now }).repairs).toEqual([`web/0 ${kind}`]);
			past.push({ instance: "web/0", at: now });
		}
		const later = { past, now: remedies.length * 16 * MINUTE + 60 * MINUTE };
		expect(chosen(fleet(10, [ill]), later).repairs).toEqual([`web/0 ${remedies[0]}`]);
	});

	test("enough is enough, until an hour has passed", () => {
		const others = Array.from({ length: 8 }, (_, index): PastRepair => ({ instance: `web/${(index % 3) + 1}`, at: 0 }));
		const at = (minute: number) => chosen(fleet(4, ["gone"]), { past: others, now: minute * MINUTE });
		expect(at(59)).toMatchObject({ repairs: [], held: ["web/0 budget"] });
		expect(at(61).repairs).toEqual(["web/0 recreate"]);
	});
});
