import { join } from "node:path";
import type { Cpi } from "../../cpi/cpi.ts";
import { canonicalJson } from "../../digest.ts";
import { UserError } from "../../errors.ts";
import type { Cloud } from "../../manifest/cloud.ts";
import { interpolateManifest } from "../../manifest/interpolate-manifest.ts";
import { mergeConfigs } from "../../manifest/merge-configs.ts";
import { parseCloud } from "../../manifest/schema.ts";
import { type CliContext, type Options, texts } from "../command.ts";
import { openCpis } from "./cpis.ts";
import { readText } from "./inputs.ts";
import { packageFolder } from "./package-folder.ts";
import type { RecordedUse } from "./recorded-uses.ts";

/** The option that says where things are whose deployment is gone. */
export const cloudOption = {
	flags: "--cloud <file>",
	about: "where the disks of a deployment are that is gone; repeatable (default: the embedded provider)",
	repeat: true,
} as const;

/** The CPIs of several deployments, each opened once. */
export interface Clouds {
	/** A CPI of a deployment's cloud; where the deployment is gone, of the files that the options name. */
	readonly of: (deployment: string, cpi: string) => Cpi | undefined;
	readonly all: readonly { readonly name: string; readonly cpi: Cpi }[];
	readonly close: () => Promise<void>;
}

/** Opens the clouds that deployments were made on, and those that the options name. */
export async function openClouds(uses: readonly RecordedUse[], options: Options, context: CliContext): Promise<Clouds> {
	const opened = new Map<string, { readonly name: string; readonly cpi: Cpi; close(): Promise<void> }>();
	const open = async (cloud: Cloud): Promise<ReadonlyMap<string, Cpi>> => {
		const own = new Map<string, Cpi>();
		for (const spec of cloud.cpis) {
			const identity = canonicalJson([spec.type, spec.properties]);
			let known = opened.get(identity);
			if (!known) {
				const cpis = await openCpis({ cpis: [spec] }, context);
				known = { name: spec.name, cpi: cpis.get(spec.name), close: cpis.close };
				opened.set(identity, known);
			}
			own.set(spec.name, known.cpi);
		}
		return own;
	};
	const given = await open(await readCloud(options, context));
	const of = new Map<string, ReadonlyMap<string, Cpi>>();
	for (const { deployment, clouds } of uses) {
		const each = [];
		for (const cloud of clouds) each.push(...(await open(cloud)));
		of.set(deployment, new Map(each));
	}
	return {
		of: (deployment, cpi) => (of.get(deployment) ?? given).get(cpi),
		all: [...opened.values()],
		close: async () => {
			for (const { close } of opened.values()) await close();
		},
	};
}

async function readCloud(options: Options, context: CliContext): Promise<Cloud> {
	const paths = texts(options, "cloud");
	const files = paths.length > 0 ? paths : [join(packageFolder(), "manifests/cloud/local.yml")];
	const read = await Promise.all(files.map((file) => readText(file, context, "cloud file")));
	const { cloud, problems } = parseCloud(mergeConfigs(read.map((text) => interpolateManifest({ manifest: text }))));
	const errors = problems.filter(({ severity }) => severity === "error");
	if (!cloud || errors.length > 0) throw new UserError(errors);
	return cloud;
}
