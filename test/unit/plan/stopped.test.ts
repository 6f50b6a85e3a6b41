import { describe, expect, test } from "vitest";
import type { VmCid } from "../../../src/cpi/cpi.ts";
import { shapeDigests } from "../../../src/plan/desired.ts";
import { diffInstance, type MachineView, type Observed } from "../../../src/plan/diff-instance.ts";
import { instanceSteps } from "../../../src/plan/instance-steps.ts";
import type { InstanceRecord } from "../../../src/state/state.ts";
import { desired, group, record, wellMachine } from "../../support/plan-fixtures.ts";

const cid = "vm-1" as VmCid;
const idle: MachineView = { ...wellMachine, failingProcesses: ["app"], activeProcesses: [] };

/** What a deploy does with an instance that has a VM and one job, whose recorded input is `i1`. */
function stepsFor(more: Partial<InstanceRecord>, machine: MachineView | undefined, input = "i1"): readonly string[] {
	const wanted = desired(group("g"), 0);
	const own = record("g", 0, {
		vm: {
			cid,
			key: "k",
			cpi: "local",
			createdAt: 0,
			shape: shapeDigests(wanted.shape),
			hostKeys: [],
			bootstrapped: true,
		},
		applied: {
			jobs: { app: { release: "tiny", fingerprint: "f1", input: "i1", output: "o1", files: [] } },
			packages: {},
			names: "n1",
			tags: {},
			postDeployed: true,
		},
		...more,
	});
	const job = { ...(wanted.jobs[0] as (typeof wanted.jobs)[number]), input, output: input.replace("i", "o") };
	const observed: Observed = {
		vms: own.vm && machine ? new Map([[cid, { state: "running" }]]) : new Map(),
		machines: machine ? new Map([["g/0", machine]]) : new Map(),
	};
	const options = { fix: false, recreate: false, restart: false, canResize: () => true };
	const diff = diffInstance({ ...wanted, jobs: [job], record: own }, observed, options);
	const { prepare, update } = instanceSteps(diff, { skipDrain: new Set() });
	return [...prepare, ...update].map((step) => (step.settles ? `${step.kind}.` : step.kind));
}

const INSTALL = ["update-names", "install-jobs"];
const UP = [...INSTALL, "pre-start", "start", "post-start."];

describe.each<[string, Partial<InstanceRecord>, readonly [string, MachineView, string, readonly string[]][]]>([
	[
		"an instance that is wanted started",
		{ wanted: "started" },
		[
			["runs", wellMachine, "i1", []],
			["does not run", idle, "i1", ["start."]],
			["has changed", wellMachine, "i2", ["stop", ...UP]],
		],
	],
	[
		"one that was stopped in order, and is wanted started again",
		{ wanted: "started", atRest: true },
		[
			["is idle", idle, "i1", UP],
			["has changed", idle, "i2", UP],
			["was started by somebody", wellMachine, "i1", ["stop", ...UP]],
		],
	],
	[
		"one whose update ended between its stop and its start",
		{ wanted: "started", atRest: true, dirty: true },
		[
			["is idle", idle, "i1", UP],
			["was started by somebody", wellMachine, "i1", ["stop", ...UP]],
		],
	],
	[
		"one whose update ended in its start",
		{ wanted: "started", atRest: false, dirty: true },
		[["is idle", idle, "i1", ["stop", ...UP]]],
	],
	[
		"one that is wanted stopped",
		{ wanted: "stopped" },
		[
			["runs", wellMachine, "i1", ["stop."]],
			["is idle", idle, "i1", []],
			["runs and has changed", wellMachine, "i2", ["stop", "update-names", "install-jobs."]],
		],
	],
	[
		"one that was stopped in order, and is to stay so",
		{ wanted: "stopped", atRest: true },
		[
			["is idle", idle, "i1", []],
			["has changed", idle, "i2", ["update-names", "install-jobs."]],
			["was started by somebody", wellMachine, "i1", ["stop."]],
		],
	],
	[
		"one that is wanted without its VM",
		{ wanted: "detached" },
		[
			["runs", wellMachine, "i2", ["stop", "delete-vm."]],
			["does not answer", { reachable: false, why: "silent" }, "i1", ["stop", "delete-vm."]],
		],
	],
	[
		"one that is ignored",
		{ ignore: true },
		[
			["has changed", wellMachine, "i2", []],
			["does not answer", { reachable: false, why: "silent" }, "i2", []],
		],
	],
])("%s", (_, more, cases) => {
	test.each(cases)("%s", (_, machine, input, steps) => {
		expect(stepsFor(more, machine, input)).toEqual(steps);
	});
});

test("one without its VM, wanted so, is left alone; wanted started, it gets one", () => {
	const gone: Partial<InstanceRecord> = { vm: undefined as never };
	expect(stepsFor({ ...gone, wanted: "detached" }, undefined)).toEqual([]);
	expect(stepsFor({ ...gone, wanted: "started", atRest: true }, undefined)).toEqual([
		"create-vm",
		"bootstrap-vm",
		...UP,
	]);
});
