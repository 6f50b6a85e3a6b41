import type { StemcellCid } from "../../cpi/cpi.ts";
import type { Step, VmShape } from "../../plan/step.ts";
import { type ApplyContext, callOptions, effect } from "../context.ts";

/** Brings the image to the cloud, where it stays for later deploys. */
export async function uploadStemcell(
	step: Extract<Step, { kind: "upload-stemcell" }>,
	context: ApplyContext,
): Promise<void> {
	const { key } = imageOf(step, context);
	await effect(
		context,
		{ verb: "createStemcell", key, data: { cpi: step.cpi } },
		() => stemcellCid(step, context),
		() => [],
	);
}

/** The image's id at the cloud; registering the same image twice gives the same id. */
export function stemcellCid(shape: Pick<VmShape, "cpi" | "stemcell">, context: ApplyContext): Promise<StemcellCid> {
	return context.cpi(shape.cpi).createStemcell(imageOf(shape, context), callOptions(context, "createVm"));
}

function imageOf({ cpi, stemcell }: Pick<VmShape, "cpi" | "stemcell">, context: ApplyContext) {
	const { os, version } = stemcell;
	const { owner } = context;
	const key = `stemcell-${owner.store}-${os}-${version}`;
	return { key, owner, os, version, ...context.stemcellImage(stemcell, cpi) };
}
