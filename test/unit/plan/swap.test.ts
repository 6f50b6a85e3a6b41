import { expect, test } from "vitest";
import type { VmCid } from "../../../src/cpi/cpi.ts";
import { type DesiredInstance, shapeDigests } from "../../../src/plan/desired.ts";
import { diffInstance, type Observed } from "../../../src/plan/diff-instance.ts";
import { planDeploy } from "../../../src/plan/plan-deploy.ts";
import { spareVms } from "../../../src/plan/spare-vms.ts";
import type { InstanceRecord, SpareVm, VmRecord } from "../../../src/state/state.ts";
import { deployed, group, update, wellMachine } from "../../support/plan-fixtures.ts";

const swaps = update({ count: 1 }, { count: 1 }, { vmStrategy: "create-swap-delete" });
const disk = { sizeMib: 100, cloudProperties: {}, fileSystem: "ext4", mountOptions: [] };
const packages = [{ name: "a", release: "tiny", fingerprint: "fa", key: "ka", dependencies: [] }];
const none = { fix: false, recreate: false, restart: false, canResize: () => true };

/** An instance whose stemcell is another by now, and whose next VM has a place. */
function changed(index: number, more: Partial<InstanceRecord> = {}): DesiredInstance {
	const was = deployed(group("g", { update: swaps }), index, { disk, packages });
	const stemcell = { ...was.shape.stemcell, version: "2" };
	const network = { type: "manual" as const, dns: [], default: [], cloudProperties: {} };
	const shape = { ...was.shape, stemcell, networks: { default: { ...network, ip: `10.0.0.2${index}` } } };
	const placed = { ...was.placed, networks: shape.networks };
	const record = { ...(was.record as InstanceRecord), ips: { default: `10.0.0.1${index}` }, ...more };
	return { ...was, shape, shapeInPlace: { ...was.shape, stemcell }, placed, record, hosts: `10.0.0.2${index} me` };
}

function spare({ record, shape, placed }: DesiredInstance, more: Partial<SpareVm> = {}): SpareVm {
	const ips = { default: placed.networks.default?.ip ?? "" };
	return { ...(record?.vm as VmRecord), cid: "next" as VmCid, shape: shapeDigests(shape), ips, ...more };
}

function seen(instances: readonly DesiredInstance[], states: Readonly<Record<string, string>> = {}): Observed {
	const own = instances.flatMap(({ record }) => (record?.vm ? [record.vm.cid as string] : []));
	const vms = { ...Object.fromEntries(own.map((cid) => [cid, "running"])), ...states };
	return {
		vms: new Map(Object.entries(vms).map(([cid, state]) => [cid as VmCid, { state }])),
		machines: new Map(instances.map(({ name }) => [name, wellMachine])),
	};
}

function plan(instances: readonly DesiredInstance[], observed: Observed, all = instances) {
	return planDeploy({
		...{ deployment: "d", obsolete: [], orphanVms: [], unknownVariables: [], compiled: new Set(["ka"]) },
		diffs: instances.map((instance) => diffInstance(instance, observed, none)),
		...{ instances: all, firstDeploy: false, inputsChanged: true, options: { skipDrain: new Set() } },
	});
}

test("the new VM is made and prepared before anything stops, and the old one goes once the jobs run", () => {
	const one = changed(0);
	const other = { ...deployed(group("h"), 0), hosts: "10.0.0.20 g" };
	const { steps, changes } = plan([one], seen([one]), [one, other]);
	expect(steps.flatMap(({ id, instance }) => (instance === "g/0" ? [id.split(" ")[0]] : []))).toEqual([
		...["create-vm", "bootstrap-vm", "install-packages", "stop", "detach-disk", "swap-vm", "publish-names"],
		...["attach-disk", "update-names", "install-jobs", "pre-start", "start", "post-start", "publish-names"],
		...["delete-vm", "post-deploy"],
	]);
	expect(steps.flatMap((step) => ("onNextVm" in step ? [step.kind] : []))).toEqual([
		...["create-vm", "bootstrap-vm", "install-packages"],
	]);
	const after = (id: string) => steps.find((step) => step.id === id)?.after;
	expect(after("attach-disk g/0")).toEqual(["swap-vm g/0"]);
	expect(after("publish-names g/0 at once")).toEqual(["swap-vm g/0"]);
	expect(after("publish-names g/0")).toEqual(["post-start g/0", "publish-names g/0 at once"]);
	expect(after("delete-vm g/0")).toEqual(["publish-names g/0"]);
	expect(steps.filter(({ kind }) => kind === "publish-names")).toMatchObject([
		{ to: ["h/0"], mayMiss: true },
		{ to: ["h/0"] },
	]);
	expect(changes).toMatchObject([{ action: "recreate", reasons: [{ reason: "stemcell" }] }]);
});

test("one that could not be swapped has moved too: who knows it is told", () => {
	const one = changed(0);
	const other = { ...deployed(group("h"), 0), hosts: "10.0.0.20 g" };
	const { steps } = plan([one], seen([one], { "vm-g/0": "stopped" }), [one, other]);
	expect(steps.filter(({ kind }) => kind === "publish-names")).toMatchObject([
		{ to: ["h/0"], after: ["post-start g/0"] },
	]);
});

test("never more than max_in_flight are there twice: the next one is made once the old VM of the one before has gone", () => {
	const both = [changed(0), changed(1)];
	const { steps } = plan(both, seen(both));
	expect(steps.find(({ id }) => id === "create-vm g/1")?.after).toContain("delete-vm g/0");
});

test("a VM that does not answer, is off, or was not placed again is deleted first: there is nothing to swap", () => {
	const one = changed(0);
	const { shapeInPlace: _, ...kept } = one;
	const vmOf = (instance: DesiredInstance, observed: Observed) => diffInstance(instance, observed, none).vm;
	expect(vmOf(one, seen([one]))).toBe("swap");
	expect(vmOf(one, seen([one], { "vm-g/0": "stopped" }))).toBe("replace");
	expect(vmOf(kept, seen([one]))).toBe("replace");
	const silent: Observed = { ...seen([one]), machines: new Map([["g/0", { reachable: false, why: "silent" }]]) };
	expect(vmOf(one, silent)).toBe("replace");
});

test("what a run that was cut short has made is gone on with if it runs and is what is wanted, and else is nobody's", () => {
	const made = (more: Partial<SpareVm> = {}) => changed(0, { nextVm: spare(changed(0), more) });
	const running = (instance: DesiredInstance) => seen([instance], { next: "running" });
	const kinds = plan([made()], running(made())).steps.map(({ kind }) => kind);
	expect(kinds).not.toContain("create-vm");
	expect(kinds.indexOf("bootstrap-vm")).toBeLessThan(kinds.indexOf("stop"));
	const next = (instance: DesiredInstance, observed: Observed) => diffInstance(instance, observed, none).nextVm;
	expect(next(made(), running(made()))).toBe("next");
	expect(next(made(), seen([made()]))).toBeUndefined();
	expect(next(made(), seen([made()], { next: "stopped" }))).toBeUndefined();
	expect(next(made({ deleting: true }), running(made()))).toBeUndefined();
	expect(next(made({ shape: {} }), running(made()))).toBeUndefined();
});

test("VMs beside an instance's own are nobody's, but those of an ignored instance", () => {
	const record = { ...(changed(0).record as InstanceRecord), formerVm: spare(changed(0)) };
	expect(spareVms([record])).toEqual([{ cid: "next", cpi: "local", name: "g/0" }]);
	expect(spareVms([{ ...record, ignore: true }])).toEqual([]);
});

test("packages of another stemcell compile on the new VM, before anything stops", () => {
	const one = changed(0);
	const { steps } = planDeploy({
		...{ deployment: "d", obsolete: [], orphanVms: [], unknownVariables: [], compiled: new Set<string>() },
		diffs: [diffInstance(one, seen([one]), none)],
		...{ firstDeploy: false, inputsChanged: true, options: { skipDrain: new Set<string>() } },
	});
	const compile = steps.find(({ kind }) => kind === "compile-package");
	expect(compile).toMatchObject({ onNextVm: true, after: ["bootstrap-vm g/0"], instance: "g/0" });
	const ids = steps.map(({ id }) => id);
	expect(ids.indexOf(compile?.id ?? "")).toBeLessThan(ids.indexOf("stop g/0"));
});
