import { z } from "zod";
import type { Problem } from "../errors.ts";
import { checkCloud } from "./check-cloud.ts";
import { checkManifest } from "./check-manifest.ts";
import type { Cloud } from "./cloud.ts";
import { assembleCloud, cloud } from "./cloud-schema.ts";
import type { Deployment, Value, VariableDefinition } from "./deployment.ts";
import { assembleDeployment, deployment } from "./deployment-schema.ts";
import type { Interpolated } from "./interpolate-manifest.ts";
import { reportMissing } from "./missing-variables.ts";
import { warnOfPassedOver } from "./passed-over.ts";
import { type Report, reportOn } from "./report.ts";
import { readBySchema } from "./schema-problems.ts";
import { optional } from "./section.ts";
import { warnOfDurations, warnOfUnused } from "./unused.ts";
import { definitionsOf, variable } from "./variable-schema.ts";
import { warnOfSecrets } from "./warn-of-secrets.ts";

/**
 * Reads a deployment manifest. `folder` is the manifest's, absolute: releases given by path are found from it. `problems` holds errors
 * and warnings; beside errors a deployment is only good for finding more of them.
 */
export function parseDeployment(
	interpolated: Interpolated,
	folder: string,
): { readonly deployment?: Deployment; readonly problems: readonly Problem[] } {
	const report = reportOn(interpolated);
	const given = read(interpolated, deployment, report);
	if (!given) return { problems: report.problems };
	const made = assembleDeployment(given, folder, report);
	checkManifest(made, report);
	warnOfPassedOver(made, report);
	warnOfUnused(made, interpolated.references, report);
	warnOfDurations(made, interpolated.unused, report);
	return { deployment: made, problems: report.problems };
}

/**
 * Reads a cloud file. `problems` holds errors and warnings; beside errors a cloud is only good for finding more of them. `cpiMayLack`: a
 * BOSH cloud config without a CPI config is enough to plan with, and told by a warning.
 */
export function parseCloud(
	interpolated: Interpolated,
	{ cpiMayLack = false }: { readonly cpiMayLack?: boolean } = {},
): { readonly cloud?: Cloud; readonly problems: readonly Problem[] } {
	const report = reportOn(interpolated);
	const given = read(interpolated, cloud, report);
	if (!given) return { problems: report.problems };
	const made = assembleCloud(given, report);
	checkCloud(made, report, cpiMayLack);
	return { cloud: made, problems: report.problems };
}

/** The definitions of variables alone, of a manifest that may be none of a deployment. */
export function variableDefinitions(interpolated: Interpolated): {
	readonly definitions: readonly VariableDefinition[];
	readonly problems: readonly Problem[];
} {
	const { variables: list, features } = (interpolated.value ?? {}) as Readonly<Record<string, Value>>;
	const report = reportOn({ ...interpolated, value: { variables: list ?? null } });
	const given = readBySchema(z.object({ variables: optional(z.array(variable)) }), report);
	const converge = (features as { readonly converge_variables?: unknown } | undefined)?.converge_variables === true;
	return {
		definitions: definitionsOf(given?.variables, converge, report),
		problems: report.problems.filter(({ severity }) => severity === "error"),
	};
}

/** Nothing is read from what could not be interpolated: its problems are told already. */
function read<Schema extends z.ZodType>(
	interpolated: Interpolated,
	schema: Schema,
	report: Report,
): z.output<Schema> | undefined {
	if (interpolated.problems.length > 0) return undefined;
	reportMissing(interpolated.references, report);
	report.problems.push(...interpolated.emptyAuthorities);
	warnOfSecrets("/properties", report);
	return readBySchema(schema, report);
}
