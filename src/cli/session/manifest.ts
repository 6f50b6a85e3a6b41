import { dirname, join, resolve } from "node:path";
import { type Place, type Problem, UserError } from "../../errors.ts";
import { checkDeployment } from "../../manifest/check.ts";
import type { Cloud, StemcellChoice } from "../../manifest/cloud.ts";
import type { Deployment, Value, ValueMap } from "../../manifest/deployment.ts";
import { formatYaml } from "../../manifest/format.ts";
import { type Interpolated, interpolateManifest } from "../../manifest/interpolate-manifest.ts";
import { mergeConfigs } from "../../manifest/merge-configs.ts";
import { withRuntimeConfigs } from "../../manifest/runtime-config.ts";
import { parseCloud, parseDeployment } from "../../manifest/schema.ts";
import { usedVariables } from "../../manifest/unused.ts";
import type { DeploymentRecord } from "../../state/state.ts";
import type { Key } from "../../variables/key.ts";
import { type CliContext, type Options, texts } from "../command.ts";
import { readInputs, readText } from "./inputs.ts";
import { packageFolder } from "./package-folder.ts";
import { openPart } from "./recorded-parts.ts";
import { stemcellChoices } from "./stemcells.ts";
import { WrongManifest, withJobProblems } from "./wrong-manifest.ts";

/** The files beside the manifest, absolute: remembered with the deployment. */
type ConfigFiles = Pick<DeploymentRecord, "cloudFiles" | "runtimeConfigFiles">;

/** A manifest and its cloud, read, checked against each other, and as plain data. */
export interface Inputs {
	readonly deployment: Deployment;
	readonly cloud: Cloud;
	readonly manifestFile: string;
	readonly files: ConfigFiles;
	readonly manifestValue: Value;
	readonly cloudValue: Value;
	readonly warnings: readonly Problem[];
	/** Where a key path of the manifest was written. */
	readonly place: (path: string) => Place;
	/** Names of the variables that something refers to. */
	readonly usedVariables: ReadonlySet<string>;
}

/** The options that name the files beside the manifest. */
export const configOptions = [
	{
		flags: "--cloud <file>",
		about:
			"cloud config, CPI config and ssh, in one file or several; repeatable, remembered with the deployment (default: the embedded provider's)",
		repeat: true,
	},
	{
		flags: "--runtime-config <file>",
		about: "addons with their releases; repeatable, remembered with the deployment (/dev/null: none any more)",
		repeat: true,
	},
] as const;

interface ReadingOptions {
	/** What is recorded of the deployment. */
	readonly recorded: (deployment: string) => Promise<DeploymentRecord | undefined>;
	readonly cpiMayLack?: boolean;
}

/**
 * Reads the manifest, its ops files and variables, and the files beside it: those given, else those that the deployment was made with,
 * else the embedded provider's cloud. Throws a UserError with everything that is wrong with any of them.
 */
export async function readManifest(
	path: string,
	options: Options,
	context: CliContext,
	{ recorded, cpiMayLack = false }: ReadingOptions,
): Promise<Inputs> {
	const { manifestFile, ...inputs } = await readInputs(path, options, context);
	const own = interpolateManifest(inputs);
	if (own.problems.length > 0) throw new UserError(own.problems);
	const name = (own.value as { name?: unknown } | null)?.name;
	const former = typeof name === "string" ? await recorded(name) : undefined;
	const files = {
		cloudFiles: given(options, "cloud", context) ?? former?.cloudFiles ?? [],
		runtimeConfigFiles: given(options, "runtimeConfig", context) ?? former?.runtimeConfigFiles ?? [],
	};
	const read = (what: string) => async (file: string) =>
		interpolateManifest({ manifest: await readText(file, context, what), variables: inputs.variables });
	const cloudPaths =
		files.cloudFiles.length > 0 ? files.cloudFiles : [join(packageFolder(), "manifests/cloud/local.yml")];
	const cloud = mergeConfigs(await Promise.all(cloudPaths.map(read("cloud file"))));
	const runtime = await Promise.all(files.runtimeConfigFiles.map(read("runtime config")));
	const manifest = withRuntimeConfigs(own, runtime);
	if (manifest.problems.length > 0) throw new UserError([...manifest.problems, ...cloud.problems]);
	const checked = await checkAll(() => check(manifest, cloud, dirname(manifestFile), cpiMayLack), context);
	const folderOf = (choice: number) => dirname(resolve(context.cwd, cloud.place(`/stemcells/${choice}`).file ?? ""));
	return { ...withChoices(checked, stemcellChoices(options, context), folderOf), manifestFile, files };
}

async function checkAll<T>(check: () => T, context: CliContext): Promise<T> {
	try {
		return check();
	} catch (error) {
		throw await withJobProblems(error, context);
	}
}

/** The files that a repeatable option names, absolute. */
function given(options: Options, option: string, { cwd }: CliContext): readonly string[] | undefined {
	const paths = texts(options, option);
	return paths.length === 0 ? undefined : paths.map((path) => resolve(cwd, path));
}

/** `--stemcell` goes before what the cloud file says, and is recorded with it. A file is found from the folder of the cloud file that names it. */
function withChoices<T extends Pick<Inputs, "cloud" | "cloudValue">>(
	inputs: T,
	given: readonly StemcellChoice[],
	folderOf: (choice: number) => string,
): T {
	const own = inputs.cloud.stemcells.map((choice, index) =>
		choice.file === undefined ? choice : { ...choice, file: resolve(folderOf(index), choice.file) },
	);
	const stemcells = [...given, ...own];
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
export function recordedInputs(record: DeploymentRecord, key: Key): Inputs {
	const again = (part: "manifest" | "cloud") => {
		const value = openPart(part, record[part], { deployment: record.name, key });
		return interpolateManifest({ manifest: { text: formatYaml(value), file: `recorded ${part} of ${record.name}` } });
	};
	const checked = check(again("manifest"), again("cloud"), dirname(record.manifestFile));
	return { ...checked, manifestFile: record.manifestFile, files: record };
}

function check(
	manifest: Interpolated,
	cloud: Interpolated,
	folder: string,
	cpiMayLack = false,
): Omit<Inputs, "manifestFile" | "files"> {
	const parsed = parseDeployment(manifest, folder);
	const parsedCloud = parseCloud(cloud, { cpiMayLack });
	const problems = [...cloud.problems, ...parsed.problems, ...parsedCloud.problems];
	const all =
		parsed.deployment && parsedCloud.cloud
			? [...problems, ...checkDeployment(parsed.deployment, parsedCloud.cloud, { manifest, cloud })]
			: problems;
	const errors = all.filter(({ severity }) => severity === "error");
	if (parsed.deployment && errors.length > 0) throw new WrongManifest(errors, parsed.deployment, manifest.place);
	if (!parsed.deployment || !parsedCloud.cloud) throw new UserError(errors);
	const warnings = [...manifest.warnings, ...cloud.warnings, ...all.filter(({ severity }) => severity === "warning")];
	return {
		deployment: parsed.deployment,
		cloud: parsedCloud.cloud,
		manifestValue: manifest.value,
		cloudValue: cloud.value,
		warnings,
		place: manifest.place,
		usedVariables: usedVariables(parsed.deployment, manifest.references),
	};
}
