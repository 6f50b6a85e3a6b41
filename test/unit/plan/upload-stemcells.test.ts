import { expect, test } from "vitest";
import type { ShapeStemcell, Step } from "../../../src/plan/step.ts";
import { withUploads } from "../../../src/plan/upload-stemcells.ts";

const debian: ShapeStemcell = { os: "debian-12", version: "a1", kind: "prepared", heavy: true };

function createVm(instance: string, cpi: string, stemcell: ShapeStemcell): Step {
	const shape = { cpi, stemcell, cloudProperties: {}, networks: {}, env: {}, guests: {}, metadata: {} };
	return { kind: "create-vm", id: `create-vm ${instance}`, title: "", after: ["delete-vm"], instance, shape };
}

test("a heavy image goes to each cloud once, before the first VM that boots it; nothing else is uploaded", () => {
	const steps = withUploads([
		createVm("a/0", "kvm", debian),
		createVm("a/1", "kvm", debian),
		createVm("b/0", "other", debian),
		createVm("c/0", "kvm", { ...debian, version: "b2", heavy: false }),
	]);
	expect(steps.map(({ id, after }) => [id, after])).toEqual([
		["upload-stemcell kvm debian-12/a1", []],
		["upload-stemcell other debian-12/a1", []],
		["create-vm a/0", ["delete-vm", "upload-stemcell kvm debian-12/a1"]],
		["create-vm a/1", ["delete-vm", "upload-stemcell kvm debian-12/a1"]],
		["create-vm b/0", ["delete-vm", "upload-stemcell other debian-12/a1"]],
		["create-vm c/0", ["delete-vm"]],
	]);
	expect(steps[0]?.title).toBe("Uploading the prepared stemcell debian-12/a1 to kvm");
});
