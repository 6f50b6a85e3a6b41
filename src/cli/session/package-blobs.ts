import type { BlobStore } from "../../blobs/blobs.ts";
import type { PackageSource } from "../../plan/step.ts";
import type { CliContext } from "../command.ts";

/** Where the VMs of a run get packages from, in order. */
export function packageSources({ signedUrl }: BlobStore): readonly PackageSource[] {
	return signedUrl ? ["object-store", "ssh"] : ["ssh"];
}

/** Where compiled packages are kept: `near`, and the bucket that DAVIT_BLOBS names, from which VMs fetch them themselves. */
export async function openPackageBlobs(
	near: BlobStore,
	{ env, clock, signal, emit }: Pick<CliContext, "env" | "clock" | "signal" | "emit">,
): Promise<BlobStore> {
	if (!env.DAVIT_BLOBS) return near;
	const { readS3Setting } = await import("../../blobs/s3-setting.ts");
	const { openBucket, requireS3Sdk } = await import("../../blobs/s3-bucket.ts");
	const { openS3Store } = await import("../../blobs/s3.ts");
	const setting = readS3Setting(env.DAVIT_BLOBS, env);
	requireS3Sdk();
	return openS3Store({
		near,
		bucket: openBucket({ setting, clock, signal }),
		name: `s3://${setting.bucket}/${setting.prefix}`,
		prefix: setting.prefix,
		signal,
		onFailure: (told) => emit({ type: "problem", problem: told }),
	});
}
