import { describe, expect, test } from "vitest";
import type { DiskCid, VmCid } from "../../../src/cpi/cpi.ts";
import { diffInstance, type MachineView } from "../../../src/plan/diff-instance.ts";
import { planDeploy } from "../../../src/plan/plan-deploy.ts";
import type { Remedy } from "../../../src/plan/remedy.ts";
import { deployed, group, wellMachine } from "../../support/plan-fixtures.ts";

const silent: MachineView = { reachable: false, why: "no answer" };
const disk = { sizeMib: 100, cloudProperties: {}, fileSystem: "ext4", mountOptions: [] };
const VM = "vm-g/0" as VmCid;
const DISK = "disk-g/0" as DiskCid;

/** The plan of g/0, deployed with a disk, with what was chosen for it. */
function planned(remedy: Partial<Remedy>, machine: MachineView = wellMachine, state = "running") {
	const instance = deployed(group("g"), 0, { disk });
	const chosen: Remedy = { how: "finish", ...remedy };
	const observed = {
		vms: state === "gone" ? new Map() : new Map([[VM, { state }]]),
		machines: new Map([["g/0", machine]]),
	};
	const options = { fix: false, recreate: false, restart: false, canResize: () => true };
	const diff = diffInstance(instance, observed, { ...options, remedies: new Map([["g/0", chosen]]) });
	return planDeploy({
		...{ deployment: "d", diffs: [diff], obsolete: [], orphanVms: [], unknownVariables: [] },
		...{ compiled: new Set<string>(), firstDeploy: false, inputsChanged: false, options: { skipDrain: new Set() } },
	});
}

const brought = ["update-names", "install-jobs", "pre-start", "start"];
const whole = [...brought, "post-start", "post-deploy"];
const made = ["detach-disk", "delete-vm", "create-vm", "bootstrap-vm", "render", "attach-disk"];
const reattached = ["render", "stop", "detach-disk", "attach-disk"];
const gone = { ...wellMachine, unmounted: true };

describe("the steps", () => {
	test.each<[string, Partial<Remedy>, MachineView, string, readonly string[]]>([
		["what is well is left", { how: "recreate" }, wellMachine, "running", []],
		["what answers again is not rebooted", { how: "reboot" }, wellMachine, "running", []],
		[
			"but if it must be",
			{ how: "reboot", always: true },
			wellMachine,
			"running",
			["render", "stop", "attach-disk", "power-on", ...whole],
		],
		["a VM that is gone is made", { how: "recreate" }, silent, "gone", [...made, ...whole]],
		["and not waited for", { how: "recreate", waits: false }, silent, "gone", [...made, ...brought]],
		[
			"a silent one is rebooted",
			{ how: "reboot" },
			silent,
			"running",
			["power-on", "attach-disk", "start", "post-deploy"],
		],
		[
			"or replaced",
			{ how: "recreate" },
			silent,
			"running",
			["render", "stop", ...made.filter((kind) => kind !== "render"), ...whole],
		],
		[
			"one that is off is powered on",
			{ how: "reboot" },
			silent,
			"stopped",
			["power-on", "attach-disk", "start", "post-deploy"],
		],
		[
			"or replaced as well",
			{ how: "recreate" },
			silent,
			"stopped",
			["render", "stop", ...made.filter((kind) => kind !== "render"), ...whole],
		],
		[
			"a disk is attached again",
			{ reattach: new Map([[DISK, undefined]]) },
			gone,
			"running",
			[...reattached, ...whole],
		],
		[
			"also where the guest has not noticed that it is gone",
			{ reattach: new Map([[DISK, undefined]]) },
			wellMachine,
			"running",
			[...reattached, ...whole],
		],
		[
			"the VM is rebooted with the disk",
			{ how: "reboot", reattach: new Map([[DISK, undefined]]) },
			gone,
			"running",
			[...reattached, "power-on", ...whole],
		],
	])("%s", (_, remedy, machine, state, expected) => {
		const kinds = planned(remedy, machine, state).steps.map(({ kind }) => kind);
		expect(kinds.filter((kind) => kind !== "record-deploy")).toEqual(expected);
	});
});

test("a disk is taken from the VM at which it hangs", () => {
	const detached = (at: VmCid | undefined) =>
		planned({ reattach: new Map([[DISK, at]]) }).steps.flatMap((step) =>
			step.kind === "detach-disk" ? [step.vm] : [],
		);
	expect(detached("vm-x" as VmCid)).toEqual(["vm-x"]);
	expect(detached(undefined)).toEqual([VM]);
});

test("a VM that runs is rebooted, one that is off is powered on", () => {
	const title = (state: string) =>
		planned({ how: "reboot" }, silent, state).steps.find(({ kind }) => kind === "power-on")?.title;
	expect(title("running")).toBe("Rebooting g/0");
	expect(title("stopped")).toBe("Powering on g/0");
});
