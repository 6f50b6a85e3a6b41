import { describe, expect, test } from "vitest";
import type { VmCid } from "../../../src/cpi/cpi.ts";
import type { DesiredInstance } from "../../../src/plan/desired.ts";
import { diffInstance, type MachineView, type Observed } from "../../../src/plan/diff-instance.ts";
import { type DeployInput, planDeploy } from "../../../src/plan/plan-deploy.ts";
import { deployed, desired, group, update, wellMachine } from "../../support/plan-fixtures.ts";

const well: MachineView = { ...wellMachine, activeProcesses: [] };
const none = { fix: false, recreate: false, restart: false, canResize: () => true };

function seen(instances: readonly DesiredInstance[], machine: Partial<MachineView> = {}, state = "running"): Observed {
	return {
		vms: new Map(
			instances.flatMap(({ record }) => (record?.vm ? [[record.vm.cid, { state }] as [VmCid, { state: string }]] : [])),
		),
		machines: new Map(instances.map(({ name }) => [name, { ...well, ...machine } as MachineView])),
	};
}

function plan(instances: readonly DesiredInstance[], observed: Observed, more: Partial<DeployInput> = {}) {
	const diffs = instances.map((instance) => diffInstance(instance, observed, none));
	return planDeploy({
		deployment: "d",
		diffs,
		obsolete: [],
		orphanVms: [],
		unknownVariables: [],
		compiled: new Set(),
		firstDeploy: true,
		inputsChanged: false,
		options: { skipDrain: new Set() },
		...more,
	});
}
const ids = (of: ReturnType<typeof plan>) => of.steps.map(({ id }) => id);
const step = (of: ReturnType<typeof plan>, id: string) =>
	of.steps.find((candidate) => candidate.id === id) ?? expect.fail(`no step ${id} in ${ids(of).join(", ")}`);
const disk = { sizeMib: 100, cloudProperties: {}, fileSystem: "ext4", mountOptions: [] };
const a = { name: "a", release: "tiny", fingerprint: "fa", key: "ka", dependencies: [] };
const b = { name: "b", release: "tiny", fingerprint: "fb", key: "kb", dependencies: ["a"] };

test("a first deploy makes VMs, compiles on them, then brings each up", () => {
	const of = group("g");
	const first = plan([desired(of, 0, { disk, packages: [a, b] })], seen([]), { unknownVariables: ["ca"] });
	expect(ids(first)).toEqual([
		"make-variables",
		"create-vm g/0",
		"bootstrap-vm g/0",
		"compile-package tiny/a local/1",
		"compile-package tiny/b local/1",
		"render",
		"install-packages g/0",
		"create-disk g/0",
		"attach-disk g/0",
		"update-names g/0",
		"install-jobs g/0",
		"pre-start g/0",
		"start g/0",
		"post-start g/0",
		"post-deploy g/0",
		"record-deploy",
	]);
	expect(step(first, "compile-package tiny/b local/1").after).toContain("compile-package tiny/a local/1");
	expect(step(first, "render").after).toEqual(["make-variables"]);
	expect(step(first, "create-disk g/0").after).toEqual(
		expect.arrayContaining(["render", "install-packages g/0", "bootstrap-vm g/0"]),
	);
});

test("a package that two releases share is compiled once, and what needs it in either waits for that", () => {
	const other = [
		{ ...a, release: "other" },
		{ ...b, release: "other", name: "c", fingerprint: "fc", key: "kc" },
	];
	// One VM for each package: none waits only because the one before it on the same VM does.
	const packagesOf = { g: [a, b], h: other, idle: [] };
	const instances = Object.entries(packagesOf).map(([name, packages]) => desired(group(name), 0, { packages }));
	const first = plan(instances, seen([]));
	const compiles = ids(first).filter((id) => id.startsWith("compile-package"));
	expect(compiles).toHaveLength(3);
	for (const needing of ["tiny/b", "other/c"])
		expect(step(first, `compile-package ${needing} local/1`).after).toContain(compiles[0]);
});

test("what a release brings compiled is installed as it is, and what needs it is compiled", () => {
	const brought = { ...a, compiledFor: "ubuntu-jammy/1.10" };
	const first = plan([desired(group("g"), 0, { packages: [brought, b] })], seen([]));
	expect(ids(first).filter((id) => id.startsWith("compile-package"))).toEqual(["compile-package tiny/b local/1"]);
	expect(step(first, "install-packages g/0")).toMatchObject({ packages: [brought, b] });
});

test("nothing changed: an empty plan", () => {
	const instance = deployed(group("g"), 0);
	expect(plan([instance], seen([instance])).steps).toEqual([]);
});

test("other DNS servers need another VM, as in BOSH; none are the same as ever", () => {
	const of = group("g");
	const bare = desired(of, 0);
	const shape = (dns: readonly string[]) => {
		const network = { type: "manual", ip: "10.0.0.1", dns, default: ["dns"], cloudProperties: {} } as const;
		return { ...bare.shape, networks: { default: network } };
	};
	const before = deployed(of, 0, { shape: shape(["10.0.0.2"]) });
	expect(plan([before], seen([before])).steps).toEqual([]);
	const after = { ...before, shape: shape(["10.0.0.3"]) };
	expect(plan([after], seen([before])).changes).toMatchObject([
		{ action: "recreate", reasons: [{ reason: "network" }] },
	]);
});

test("every step's `after` names a step that stands before it", () => {
	const of = group("g", { instances: 3 });
	const instances = [0, 1, 2].map((index) =>
		index === 1 ? deployed(of, index, { packages: [a] }) : desired(of, index, { packages: [a, b], disk }),
	);
	const { steps } = plan(instances, seen(instances, { missingFiles: ["bin/ctl"] }));
	steps.forEach((current, position) => {
		const before = new Set(steps.slice(0, position).map(({ id }) => id));
		expect(current.after.filter((id) => !before.has(id))).toEqual([]);
	});
	expect(new Set(steps.map(({ id }) => id)).size).toBe(steps.length);
});

test.each<[string, Partial<MachineView>, string]>([
	[
		"a rendered file is gone",
		{ missingFiles: ["/var/vcap/jobs/app/bin/ctl"] },
		"files: /var/vcap/jobs/app/bin/ctl is gone",
	],
	["a process does not run", { failingProcesses: ["app"] }, "process: app does not run"],
	["the disk is not mounted", { unmounted: true }, "mount: the persistent disk is not mounted"],
])("drift: %s", (_, machine, why) => {
	const instance = deployed(group("g"), 0, { disk });
	const { changes, steps } = plan([instance], seen([instance], machine));
	expect(
		changes.map(({ action, reasons }) => [action, reasons.map(({ reason, detail }) => `${reason}: ${detail}`)]),
	).toEqual([["update", [why]]]);
	expect(steps.map(({ kind }) => kind)).toContain("start");
});

test("another VM type stops the jobs first, keeps the disk and makes a new VM", () => {
	const instance = deployed(group("g"), 0, { disk });
	const wanted = { ...instance, shape: { ...instance.shape, cloudProperties: { instance_type: "big" } } };
	const of = plan([wanted], seen([instance]));
	expect(of.changes).toEqual([
		{ instance: "g/0", action: "recreate", canary: true, reasons: [{ reason: "cloud_properties" }] },
	]);
	expect(ids(of)).toEqual([
		"render",
		"stop g/0",
		"detach-disk g/0",
		"delete-vm g/0",
		"create-vm g/0",
		"bootstrap-vm g/0",
		"attach-disk g/0",
		"update-names g/0",
		"install-jobs g/0",
		"pre-start g/0",
		"start g/0",
		"post-start g/0",
		"post-deploy g/0",
		"record-deploy",
	]);
});

test("a VM that is gone at the cloud comes back with its disk", () => {
	const instance = deployed(group("g"), 0, { disk });
	const of = plan([instance], { vms: new Map(), machines: new Map() });
	expect(of.changes.map(({ action, reasons }) => [action, reasons[0]?.reason])).toEqual([["create", "missing_vm"]]);
	expect(ids(of)).not.toContain("create-disk g/0");
	expect(ids(of).slice(0, 4)).toEqual(["detach-disk g/0", "delete-vm g/0", "create-vm g/0", "bootstrap-vm g/0"]);
	expect(ids(of)).toContain("attach-disk g/0");
});

test("a VM that is powered off is powered on, and its jobs are watched", () => {
	const instance = deployed(group("g"), 0);
	expect(ids(plan([instance], seen([instance], {}, "stopped")))).toEqual([
		"power-on g/0",
		"start g/0",
		"post-deploy g/0",
		"record-deploy",
	]);
});

/** The deployed instance as a run left it that was cut short while its VM was deleted. */
function halfDeleted() {
	const instance = deployed(group("g"), 0, { disk });
	const record = instance.record ?? expect.fail();
	return { ...instance, record: { ...record, vm: { ...(record.vm ?? expect.fail()), deleting: true as const } } };
}

test.each(["running", "stopped"])("a VM whose deletion was cut short, and is %s, is deleted first of all", (state) => {
	const half = halfDeleted();
	const of = plan([half], seen([half], {}, state));
	expect(of.changes).toMatchObject([
		{ action: "create", reasons: [{ reason: "missing_vm", detail: "VM vm-g/0 was being deleted" }] },
	]);
	expect(ids(of).slice(0, 4)).toEqual(["detach-disk g/0", "delete-vm g/0", "create-vm g/0", "bootstrap-vm g/0"]);
});

test("one that nobody wants any more is not asked to stop its jobs", () => {
	const of = plan([], seen([]), { obsolete: [{ record: halfDeleted().record, reachable: false }] });
	expect(ids(of)[0]).toBe("detach-disk g/0");
});

test("a VM that went off before it was ever prepared is made anew", () => {
	const instance = deployed(group("g"), 0);
	const record = instance.record ?? expect.fail();
	const { applied: _, ...fresh } = { ...record, vm: { ...(record.vm ?? expect.fail()), bootstrapped: false } };
	const half = { ...instance, record: fresh };
	expect(ids(plan([half], seen([half], {}, "stopped"))).slice(0, 3)).toEqual([
		"delete-vm g/0",
		"create-vm g/0",
		"bootstrap-vm g/0",
	]);
});

test("changed names stop nothing", () => {
	const instance = deployed(group("g"), 0);
	expect(ids(plan([{ ...instance, names: "n2" }], seen([instance])))).toEqual(["update-names g/0", "record-deploy"]);
});

test("an instance that nobody wants is stopped and removed; its disk is orphaned, never deleted", () => {
	const instance = deployed(group("g"), 0, { disk });
	const of = plan([], seen([]), { obsolete: [{ record: instance.record ?? expect.fail(), reachable: true }] });
	expect(ids(of)).toEqual([
		"stop g/0",
		"detach-disk g/0",
		"delete-vm g/0",
		"orphan-disk g/0",
		"delete-instance g/0",
		"record-deploy",
	]);
});

test("groups with serial: true go one after the other, those with false together", () => {
	const parallel = { update: update({ count: 1 }, { count: 1 }, { serial: false }) };
	const of = plan(
		[
			desired(group("a"), 0),
			desired(group("b", parallel), 0),
			desired(group("c", parallel), 0),
			desired(group("d"), 0),
		],
		seen([]),
	);
	const waits = (name: string) => step(of, `update-names ${name}/0`).after.filter((id) => id.startsWith("post-start"));
	expect(["a", "b", "c", "d"].map(waits)).toEqual([
		[],
		["post-start a/0"],
		["post-start a/0"],
		["post-start b/0", "post-start c/0"],
	]);
});

test("a VM that a crash left behind is deleted", () => {
	const of = plan([], seen([]), { orphanVms: [{ cid: "vm-9" as VmCid, cpi: "local", name: "g/0" }] });
	expect(ids(of)).toEqual(["delete-orphan-vm vm-9", "record-deploy"]);
});

test("a run that was cut short before post-deploy leaves it to the next", () => {
	const [done, cut] = [0, 1].map((index) => deployed(group("g", { instances: 2 }), index)) as [
		DesiredInstance,
		DesiredInstance,
	];
	const record = cut.record ?? expect.fail();
	const applied = { ...(record.applied ?? expect.fail()), postDeployed: false };
	const instances = [done, { ...cut, record: { ...record, applied } }];
	expect(ids(plan(instances, seen(instances)))).toEqual(["post-deploy g/1", "record-deploy"]);
});

describe("packages for a stemcell that no VM has yet", () => {
	const two = { instances: 2 };
	/** Two instances of each group on a new stemcell, in the order of the groups. */
	const onNewStemcell = (...groups: readonly string[]) =>
		groups.flatMap((name) =>
			[0, 1].map((index) => {
				const was = deployed(group(name, two), index, { packages: [a, b] });
				const stemcell = { ...was.shape.stemcell, version: "2" };
				const packages = [a, b].map((use) => ({ ...use, key: `${use.key}-2` }));
				return { ...was, packages, shape: { ...was.shape, stemcell } };
			}),
		);
	/** All that must have finished before a step begins. */
	const neededFor = (of: ReturnType<typeof plan>, id: string): ReadonlySet<string> => {
		const found = new Set<string>();
		const visit = (name: string) => {
			for (const need of step(of, name).after) {
				if (found.has(need)) continue;
				found.add(need);
				visit(need);
			}
		};
		visit(id);
		return found;
	};
	const fixing = (instances: readonly DesiredInstance[], observed: Observed) =>
		plan([], observed, {
			diffs: instances.map((instance) => diffInstance(instance, observed, { ...none, fix: true })),
			firstDeploy: false,
		});
	const silent = { reachable: false, why: "no answer" } as Partial<MachineView>;

	test.each([
		["all answer", {}],
		["none answers", silent],
	])("%s: the first that gets it compiles, the others are left alone until then", (_, machine) => {
		const instances = onNewStemcell("g", "h");
		const of = fixing(instances, seen(instances, machine));
		const position = new Map(ids(of).map((id, index) => [id, index]));
		for (const { id, after } of of.steps)
			for (const need of after) expect(position.get(need), `${need} before ${id}`).toBeLessThan(position.get(id) ?? 0);
		const compiling = ["compile-package tiny/a local/2", "compile-package tiny/b local/2"];
		for (const id of compiling) {
			expect(step(of, id)).toMatchObject({ instance: "g/0", stemcell: { version: "2" } });
			expect(neededFor(of, id)).toContain("bootstrap-vm g/0");
		}
		for (const { name } of instances)
			expect([...neededFor(of, `install-packages ${name}`)]).toEqual(expect.arrayContaining(compiling));
		for (const name of ["g/1", "h/0", "h/1"])
			expect([...neededFor(of, `delete-vm ${name}`)]).toEqual(expect.arrayContaining(compiling));
		expect(neededFor(of, "delete-vm g/0")).not.toContain(compiling[0]);
	});

	test("one that is powered off compiles once it is on, where no other is", () => {
		const was = deployed(group("g"), 0, { packages: [a] });
		const instance = { ...was, packages: [{ ...a, key: "another" }] };
		const of = plan([instance], seen([instance], silent, "stopped"));
		expect(neededFor(of, "compile-package tiny/a local/1")).toContain("power-on g/0");
		expect(neededFor(of, "install-packages g/0")).toContain("compile-package tiny/a local/1");
	});

	test("what every instance has is not compiled though its compiled form is lost; what one lacks is packed where it is", () => {
		const [first, second] = [deployed(group("g"), 0, { packages: [a, b] }), deployed(group("h"), 0, { packages: [b] })];
		expect(ids(plan([first, second], seen([first, second]), { firstDeploy: false }))).toEqual([]);
		const fresh = desired(group("h"), 1, { packages: [b] });
		const of = plan([first, second, fresh], seen([first, second]), { firstDeploy: false });
		for (const name of ["a", "b"])
			expect(step(of, `compile-package tiny/${name} local/1`)).toMatchObject({ instance: "g/0" });
	});

	test("one of the same stemcell that answers compiles before anything is replaced", () => {
		const was = deployed(group("g"), 0, { packages: [a] });
		const shape = { ...was.shape, cloudProperties: { instance_type: "big" } };
		const instance = { ...was, shape, packages: [{ ...a, key: "another" }] };
		const of = plan([instance], seen([instance]));
		expect(neededFor(of, "delete-vm g/0")).toContain("compile-package tiny/a local/1");
	});
});
