import type { Step } from "./step.ts";

/** The steps, and before the VMs of each stemcell whose image is a file the one that brings it to their cloud, once. */
export function withUploads(steps: readonly Step[]): Step[] {
	const uploads = new Map<string, Step>();
	const waiting = steps.map((step): Step => {
		if (step.kind !== "create-vm" || !step.shape.stemcell.heavy) return step;
		const { cpi, stemcell } = step.shape;
		const name = `${stemcell.os}/${stemcell.version}`;
		const id = `upload-stemcell ${cpi} ${name}`;
		const title = `Uploading the ${stemcell.kind} stemcell ${name} to ${cpi}`;
		uploads.set(id, { kind: "upload-stemcell", id, title, after: [], cpi, stemcell });
		return { ...step, after: [...step.after, id] };
	});
	return [...uploads.values(), ...waiting];
}
