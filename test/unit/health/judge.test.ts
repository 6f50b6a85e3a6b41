import { describe, expect, test } from "vitest";
import { judge, RULES, type Standing } from "../../../src/health/judge.ts";
import type { CloudSays, MachineSays, Reading } from "../../../src/health/reading.ts";

const SECOND = 1000;
/** When a VM was last seen to be well before a case begins: its grace after a boot is over. */
const LONG_AGO = -10 * 60 * SECOND;

type Said = "well" | "silent" | "failing" | "deaf" | "no supervisor" | "rebooted" | `restarts ${number}`;

function machine(said: Said): MachineSays {
	if (said === "silent") return { answers: false, why: "no answer" };
	const restarts = { app: said.startsWith("restarts") ? Number(said.slice(9)) : 0 };
	const failing = said === "failing" ? ["app does not run"] : said === "no supervisor" ? undefined : [];
	const deaf = said === "deaf" ? ["10.0.0.1:80/ status 503"] : [];
	return { answers: true, bootId: said === "rebooted" ? "second" : "first", failing, deaf, tookMs: 1, restarts };
}

const look = (at: number, said: Said, cloud: CloudSays = "running"): Reading => ({
	at: at * SECOND,
	cloud,
	machine: machine(said),
});

/** The standing after these looks, each `[second, what the VM said, what the cloud said]`. */
function standingAfter(looks: readonly Parameters<typeof look>[]): Standing {
	const well = [look(LONG_AGO / SECOND, "well"), look(-10, "well")];
	const standing = [...well, ...looks.map((args) => look(...args))].reduce<Standing | undefined>(
		(known, reading) => judge(known, reading, { rules: RULES }),
		undefined,
	);
	return standing as Standing;
}

describe("a VM that was well", () => {
	test.each<[string, readonly Parameters<typeof look>[], Standing["verdict"], string]>([
		["one silent look is nothing", [[0, "silent"]], "healthy", ""],
		[
			"nor are two",
			[
				[0, "silent"],
				[20, "silent"],
			],
			"healthy",
			"",
		],
		[
			"three within less than 20 s are not enough",
			[
				[0, "silent"],
				[5, "silent"],
				[19, "silent"],
			],
			"healthy",
			"",
		],
		[
			"three over 20 s are",
			[
				[0, "silent"],
				[10, "silent"],
				[20, "silent"],
			],
			"unresponsive",
			"no answer",
		],
		[
			"an answer between begins anew",
			[
				[0, "silent"],
				[10, "well"],
				[20, "silent"],
				[30, "silent"],
			],
			"healthy",
			"",
		],
		[
			"no silence counts while the cloud does not answer either",
			[
				[0, "silent", "nothing"],
				[10, "silent", "nothing"],
				[20, "silent", "nothing"],
				[60, "silent", "nothing"],
			],
			"healthy",
			"",
		],
		[
			"once the cloud answers again, it does",
			[
				[0, "silent", "nothing"],
				[10, "silent", "nothing"],
				[20, "silent", "running"],
			],
			"unresponsive",
			"no answer",
		],
		["gone at the cloud once is not yet gone", [[0, "silent", "gone"]], "healthy", ""],
		[
			"twice, but at once",
			[
				[0, "silent", "gone"],
				[4, "silent", "gone"],
			],
			"healthy",
			"",
		],
		[
			"twice, 5 s apart",
			[
				[0, "silent", "gone"],
				[5, "silent", "gone"],
			],
			"missing",
			"it is gone at the cloud, and it does not answer: no answer",
		],
		[
			"powered off",
			[
				[0, "silent", "stopped"],
				[5, "silent", "stopped"],
			],
			"missing",
			"it is powered off at the cloud, and it does not answer: no answer",
		],
		[
			"a list that contradicts itself is no witness",
			[
				[0, "silent", "gone"],
				[5, "silent"],
				[10, "silent", "gone"],
			],
			"healthy",
			"",
		],
		[
			"what answers is not gone, whatever the cloud says",
			[
				[0, "well", "gone"],
				[10, "well", "gone"],
				[60, "well", "gone"],
			],
			"healthy",
			"",
		],
		["a service that does not answer, once", [[0, "deaf"]], "healthy", ""],
		[
			"one that did not three times over 20 s",
			[
				[0, "deaf"],
				[10, "deaf"],
				[20, "deaf"],
			],
			"degraded",
			"10.0.0.1:80/ status 503",
		],
		["a process that does not run, once", [[0, "failing"]], "healthy", ""],
		[
			"for 20 s",
			[
				[0, "failing"],
				[10, "failing"],
				[20, "failing"],
			],
			"degraded",
			"app does not run",
		],
		[
			"a supervisor that is silent for 20 s",
			[
				[0, "no supervisor"],
				[10, "no supervisor"],
				[20, "no supervisor"],
			],
			"degraded",
			"its supervisor is silent",
		],
		[
			"after a boot, processes may take a while",
			[
				[0, "rebooted"],
				[10, "failing"],
				[20, "failing"],
				[30, "failing"],
			],
			"healthy",
			"",
		],
		[
			"two restarts are no crash loop",
			[
				[0, "restarts 1"],
				[60, "restarts 2"],
			],
			"healthy",
			"",
		],
		[
			"three within 5 minutes are",
			[
				[0, "restarts 1"],
				[60, "restarts 2"],
				[120, "restarts 3"],
			],
			"degraded",
			"app was started anew 3 times within 5 minutes",
		],
		[
			"three over a longer time are not",
			[
				[0, "restarts 1"],
				[200, "restarts 2"],
				[400, "restarts 3"],
			],
			"healthy",
			"",
		],
	])("%s", (_, looks, verdict, why) => {
		expect(standingAfter(looks)).toMatchObject({ verdict, why });
	});

	test("what a watcher finds counted when it begins is no news", () => {
		const first = judge(undefined, look(0, "restarts 7"), { rules: RULES });
		expect(judge(first, look(60, "restarts 7"), { rules: RULES })).toMatchObject({ verdict: "healthy", restarted: [] });
	});
});

describe("a VM that was ill", () => {
	const ill: readonly Parameters<typeof look>[] = [
		[0, "silent"],
		[10, "silent"],
		[20, "silent"],
	];

	test("one answer is not yet trusted, two are", () => {
		expect(standingAfter([...ill, [30, "well"]]).verdict).toBe("unresponsive");
		expect(standingAfter([...ill, [30, "well"], [40, "well"]])).toMatchObject({
			verdict: "healthy",
			since: 40 * SECOND,
		});
	});

	test("the time since when holds through looks that see the same", () => {
		expect(standingAfter([...ill, [30, "silent"], [40, "silent"]])).toMatchObject({
			verdict: "unresponsive",
			since: 20 * SECOND,
		});
	});

	test("from silent to gone", () => {
		expect(standingAfter([...ill, [30, "silent", "gone"], [40, "silent", "gone"]]).verdict).toBe("missing");
	});
});

test("silence is no witness while the watcher may be cut off, and counts anew after it", () => {
	const cut = { rules: RULES, partitioned: "cut" };
	let standing = standingAfter([
		[0, "silent"],
		[10, "silent"],
	]);
	for (const at of [20, 30, 40]) standing = judge(standing, look(at, "silent"), cut);
	expect(standing).toMatchObject({ verdict: "partitioned", why: "cut", since: 20 * SECOND });
	for (const at of [50, 60]) standing = judge(standing, look(at, "silent"), { rules: RULES });
	expect(standing.verdict).toBe("partitioned");
	expect(judge(standing, look(70, "silent"), { rules: RULES }).verdict).toBe("unresponsive");
	expect(judge(standing, look(70, "well"), cut).verdict).toBe("partitioned");
	const gone = judge(judge(standing, look(70, "silent", "gone"), cut), look(80, "silent", "gone"), cut);
	expect(gone.verdict).toBe("missing");
});

test("a VM that a new watcher never saw answer is unresponsive after as long", () => {
	const looks = [look(0, "silent"), look(10, "silent"), look(20, "silent")];
	const verdicts = looks.map((_, end) =>
		looks
			.slice(0, end + 1)
			.reduce<Standing | undefined>((known, one) => judge(known, one, { rules: RULES }), undefined),
	);
	expect(verdicts.map((standing) => standing?.verdict)).toEqual(["unknown", "unknown", "unresponsive"]);
});
