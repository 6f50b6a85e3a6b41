import { describe, expect, test } from "vitest";
import type { Cloud, Compilation } from "../../../src/manifest/cloud.ts";
import { compilationVms } from "../../../src/plan/compilation-vms.ts";
import { compileNeeds } from "../../../src/plan/plan-compile.ts";
import { planDeploy } from "../../../src/plan/plan-deploy.ts";
import type { PackageUse } from "../../../src/plan/step.ts";
import { created, desired, group, record } from "../../support/plan-fixtures.ts";
import { CLOUD, cloudOf, deploymentOf, group as groupText, manifest } from "../manifest/read-files.ts";

const use = (name: string, dependencies: readonly string[] = []): PackageUse => ({
	...{ name, release: "tiny", fingerprint: `f${name}`, key: `k${name}`, dependencies },
});
const base = use("base");
const left = use("left", ["base"]);
const right = use("right", ["base"]);
const top = use("top", ["left", "right"]);

const diffs = (packages: readonly PackageUse[], version = "1", name = "web") => {
	const instance = desired(group(name), 0, { packages });
	const shape = { ...instance.shape, stemcell: { ...instance.shape.stemcell, version } };
	return [created({ ...instance, shape })];
};
const cloudWith = (compilation: Partial<Compilation>, text = CLOUD) => {
	const { cloud } = cloudOf(text);
	return { ...cloud, compilation: { ...(cloud.compilation as Compilation), ...compilation } };
};

function made(
	all: ReturnType<typeof diffs>,
	{ cloud = cloudWith({ workers: 3 }), used = [] as string[], groups = [] as string[], version = "" } = {},
) {
	let ids = 0;
	const { vms, problems } = compilationVms({
		deployment: deploymentOf(manifest(groupText("web"))),
		cloud: cloud as Cloud & { compilation: Compilation },
		needs: compileNeeds(all, new Set()),
		used: new Set(used),
		groups: new Set(groups),
		newId: () => `id ${ids++}`,
		stemcell: () =>
			version === "" ? undefined : { os: "local", version, kind: "local", source: { from: "file", file: "" } },
		cloudProperties: { cpu: 8 },
	});
	return { vms, problems: problems.map(({ severity, message }) => `${severity}: ${message}`) };
}

const names = (vms: ReturnType<typeof made>["vms"]) =>
	[...vms].map(([line, all]) => `${line}: ${all.map(({ name }) => name).join(", ")}`);

describe("compilation VMs", () => {
	test("are as many as the packages keep busy: a chain needs one", () => {
		const plural = (packages: readonly PackageUse[]) =>
			[...made(diffs(packages), { version: "1" }).vms.values()].flat();
		expect(plural([base, left])).toHaveLength(1);
		expect(plural([base, left, right, top])).toHaveLength(2);
		expect(plural(["a", "b", "c", "d", "e"].map((name) => use(name)))).toHaveLength(3);
	});

	test("are placed as a group is, on the block's network, beside what is used, and shaped by the block", () => {
		const { vms, problems } = made(diffs([base]), { version: "1", used: ["10.0.0.2", "10.0.0.3"] });
		const [vm] = vms.get("local/1") ?? [];
		expect(problems).toEqual([]);
		expect(vm).toMatchObject({
			name: "compilation/0",
			placed: { az: "z1", networks: { default: { type: "manual", default: ["dns", "gateway"] } } },
			shape: { metadata: { instance_group: "compilation", name: "compilation/id 0" } },
		});
		expect(Object.values(vm?.placed.networks ?? {}).map(({ ip }) => ip)).not.toContain("10.0.0.2");
	});

	test("have another name where the manifest, or a record, has a group of theirs", () => {
		const { vms } = made(diffs([base]), { version: "1", groups: ["compilation"] });
		expect(names(vms)).toEqual(["local/1: compilation-vm/0"]);
	});

	test("another image of the stemcell at their cloud is refused", () => {
		expect(made(diffs([base]), { version: "2" }).problems).toEqual([
			'error: compilation: CPI "main" has local/2 in place of local/1, so what compiles there does not fit the instances',
		]);
	});
});

describe("a plan with compilation VMs", () => {
	const worker = (index: number) =>
		desired(group("compilation", { lifecycle: "compilation" }), index, { packages: [] });
	const plan = planDeploy({
		...{ deployment: "d", diffs: diffs([base, left, right, top]), obsolete: [], orphanVms: [], unknownVariables: [] },
		leftCompilationVms: [record("compilation", 1, { lifecycle: "compilation" })],
		compilationVms: new Map([["local/1", [worker(0), worker(1)]]]),
		...{ compiled: new Set<string>(), firstDeploy: true, inputsChanged: false, options: { skipDrain: new Set() } },
	});
	const of = (id: string) => plan.steps.find((step) => step.id === id) ?? expect.fail(`no ${id}`);

	test("compiles on them alone, and each goes after the last on it; what was left behind goes before all", () => {
		const compile = plan.steps.flatMap((step) =>
			step.kind === "compile-package" ? [`${step.package.name} ${step.instance}`] : [],
		);
		expect(compile).toEqual(["base compilation/0", "left compilation/0", "right compilation/1", "top compilation/0"]);
		const gone = "delete-compilation-vm compilation/1 (left behind)";
		expect(plan.steps[0]?.id).toBe(gone);
		for (const index of [0, 1]) expect(of(`create-vm compilation/${index}`).after).toContain(gone);
		expect(of("delete-compilation-vm compilation/0").after).toEqual(["compile-package tiny/top local/1"]);
		expect(of("delete-compilation-vm compilation/1").after).toEqual(["compile-package tiny/right local/1"]);
		expect(of("record-deploy").after.length).toBeGreaterThan(0);
	});

	test("is of no instance that the operator would not know", () => {
		expect(plan.changes.map(({ instance }) => instance)).toEqual(["web/0"]);
	});
});
