import { dirname, join, resolve } from "node:path";
import { type Place, type Problem, UserError } from "../../errors.ts";
import { checkDeployment } from "../../manifest/check.ts";
import type { Cloud, StemcellChoice } from "../../manifest/cloud.ts";
import type { Deployment, Value, ValueMap } from "../../manifest/deployment.ts";
import { formatYaml } from "../../manifest/format.ts";
import { type Interpolated, interpolateManifest } from "../../manifest/interpolate-manifest.ts";
import { parseCloud, parseDeployment } from "../../manifest/schema.ts";
import type { DeploymentRecord } from "../../state/state.ts";
import { type CliContext, type Options, text } from "../command.ts";
import { readInputs, readText } from "./inputs.ts";
import { packageFolder } from "./package-folder.ts";
import { stemcellChoices } from "./stemcells.ts";

/** A manifest and its cloud, read, checked against each other, and as plain data. */
export interface Inputs {
	readonly deployment: Deployment;
	readonly cloud: Cloud;
	readonly manifestFile: string;
	/** Empty: the embedded provider's, wherever this package is. */
	readonly cloudFile: string;
	readonly manifestValue: Value;
	readonly cloudValue: Value;
	readonly warnings: readonly Problem[];
	/** Where a key path of the manifest was written. */
	readonly place: (path: string) => Place;
}

/** The option that names the cloud file. */
export const cloudOption = {
	flags: "--cloud <file>",
	about:
		"cloud config, CPI config and ssh in one file; remembered with the deployment (default: the embedded provider's)",
} as const;

/**
 * Reads the manifest, its ops files and variables, and the cloud file: the one given, else the one that the deployment was made
 * with, else the embedded provider's. Throws a UserError with everything that is wrong with either.
 */
export async function readManifest(
	path: string,
	options: Options,
	context: CliContext,
	recorded: (deployment: string) => Promise<DeploymentRecord | undefined>,
): Promise<Inputs> {
	const { manifestFile, ...inputs } = await readInputs(path, options, context);
	const manifest = interpolateManifest(inputs);
	if (manifest.problems.length > 0) throw new UserError(manifest.problems);
	const name = (manifest.value as { name?: unknown } | null)?.name;
	const former = typeof name === "string" ? await recorded(name) : undefined;
	const given = text(options, "cloud");
	const cloudFile = given === undefined ? (former?.cloudFile ?? "") : resolve(context.cwd, given);
	const cloudPath = cloudFile === "" ? join(packageFolder(), "manifests/cloud/local.yml") : cloudFile;
	const cloud = interpolateManifest({
		manifest: await readText(cloudPath, context, "cloud file"),
		variables: inputs.variables,
	});
	const checked = check(manifest, cloud, dirname(manifestFile));
	return { ...withChoices(checked, stemcellChoices(options, context), dirname(cloudPath)), manifestFile, cloudFile };
}

/** `--stemcell` goes before what the cloud file says, and is recorded with it. Files are found from the cloud file's folder. */
function withChoices<T extends Pick<Inputs, "cloud" | "cloudValue">>(
	inputs: T,
	given: readonly StemcellChoice[],
	folder: string,
): T {
	const stemcells = [...given, ...inputs.cloud.stemcells].map((choice) =>
		choice.file === undefined ? choice : { ...choice, file: resolve(folder, choice.file) },
	);
	if (stemcells.length === 0) return inputs;
	const recorded = stemcells.map(({ cloudProperties, ...choice }) => ({
		...choice,
		...(cloudProperties === undefined ? {} : { cloud_properties: cloudProperties }),
	}));
	return {
		...inputs,
		cloud: { ...inputs.cloud, stemcells },
		cloudValue: { ...(inputs.cloudValue as ValueMap), stemcells: recorded },
	};
}

/** The manifest and cloud that a deployment was last deployed with. */
export function recordedInputs(record: DeploymentRecord): Inputs {
	const again = (value: unknown, file: string) =>
		interpolateManifest({ manifest: { text: formatYaml(value as Value), file } });
	const checked = check(
		again(record.manifest, `recorded manifest of ${record.name}`),
		again(record.cloud, `recorded cloud of ${record.name}`),
		dirname(record.manifestFile),
	);
	return { ...checked, manifestFile: record.manifestFile, cloudFile: record.cloudFile };
}

function check(
	manifest: Interpolated,
	cloud: Interpolated,
	folder: string,
): Omit<Inputs, "manifestFile" | "cloudFile"> {
	const parsed = parseDeployment(manifest, folder);
	const parsedCloud = parseCloud(cloud);
	const problems = [...cloud.problems, ...parsed.problems, ...parsedCloud.problems];
	const all =
		parsed.deployment && parsedCloud.cloud
			? [...problems, ...checkDeployment(parsed.deployment, parsedCloud.cloud, { manifest, cloud })]
			: problems;
	const errors = all.filter(({ severity }) => severity === "error");
	if (errors.length > 0 || !parsed.deployment || !parsedCloud.cloud) throw new UserError(errors);
	const warnings = [...manifest.warnings, ...cloud.warnings, ...all.filter(({ severity }) => severity === "warning")];
	return {
		deployment: parsed.deployment,
		cloud: parsedCloud.cloud,
		manifestValue: manifest.value,
		cloudValue: cloud.value,
		warnings,
		place: manifest.place,
	};
}
