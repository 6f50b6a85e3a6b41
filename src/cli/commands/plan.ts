import { problem, UserError } from "../../errors.ts";
import { type OfflinePlan, planOffline } from "../../plan/plan-offline.ts";
import { counted } from "../../plan/titles.ts";
import type { Command } from "../command.ts";
import { importedVariables, varsStoreOption } from "../session/imported-variables.ts";
import { manifestOptions } from "../session/inputs.ts";
import { located } from "../session/located.ts";
import { configOptions, readManifest } from "../session/manifest.ts";

export const command: Command = {
	arguments: "<manifest>",
	options: [
		...manifestOptions,
		...configOptions,
		varsStoreOption,
		{ flags: "--offline", about: "the plan of a first deploy, without a cloud and without a release at hand" },
	],
	help: `Shows every instance with its AZ, addresses, VM type and disk. With --json one object holds the whole: instances, groups with their jobs
and properties, links, releases, variables; what only a deploy can know is {"unknown": "…"} there. Nothing is changed anywhere.`,
	run: async ([manifest], options, context) => {
		if (options.offline !== true) {
			const message = "davit doesn't plan with a look at the cloud yet";
			const hint = "add --offline: the plan of a first deploy, from the manifest and the cloud file alone";
			throw new UserError(problem("plan-offline", message, { hint }), { exitCode: 64 });
		}
		const nobody = async () => undefined;
		const inputs = await readManifest(String(manifest), options, context, { recorded: nobody, cpiMayLack: true });
		const values = await importedVariables(inputs.deployment.variables, options, context);
		const { plan, problems } = planOffline(inputs.deployment, inputs.cloud, {
			used: inputs.usedVariables,
			imported: new Set(values.keys()),
		});
		const told = problems.map((each) => located(each, inputs.place));
		const errors = told.filter(({ severity }) => severity === "error");
		for (const each of [...inputs.warnings, ...told.filter(({ severity }) => severity === "warning")])
			context.emit({ type: "problem", problem: each });
		if (errors.length > 0) throw new UserError(errors);
		if (context.json) context.emit({ type: "offline-plan", plan });
		else {
			context.emit({ type: "table", name: "instances", columns: COLUMNS, rows: rowsOf(plan) });
			context.emit({ type: "note", text: summary(plan) });
		}
		return 0;
	},
};

const COLUMNS = ["instance", "az", "ips", "vm_type", "disk", "stemcell", "jobs"];

function rowsOf(plan: OfflinePlan): readonly Readonly<Record<string, unknown>>[] {
	const groups = new Map(plan.instance_groups.map((group) => [group.name, group]));
	return plan.instances.map(({ instance, az, networks, persistent_disk, stemcell, lifecycle }) => {
		const group = groups.get(instance.slice(0, instance.lastIndexOf("/")));
		const ips = Object.values(networks).map(({ ip }) => (typeof ip === "string" ? ip : "(the cloud chooses)"));
		return {
			instance: lifecycle === "errand" ? `${instance} (errand)` : instance,
			az,
			ips,
			vm_type: [group?.vm_type ?? "(vm_resources)", ...(group?.vm_extensions ?? [])],
			disk: persistent_disk && `${persistent_disk.size} MiB`,
			stemcell,
			jobs: group?.jobs.length,
		};
	});
}

/** `min-4: 4 VMs and 2 errands; 33 releases, 1 of them unused; 126 variables to generate` */
function summary({ deployment, instances, releases, variables }: OfflinePlan): string {
	const errands = instances.filter(({ lifecycle }) => lifecycle === "errand").length;
	const taken = variables.filter(({ imported }) => imported).length;
	const unused = releases.filter(({ used }) => !used).length;
	const parts = [
		`${counted(instances.length - errands, "VM")}${errands > 0 ? ` and ${counted(errands, "errand VM")}` : ""}`,
		`${counted(releases.length, "release")}${unused > 0 ? `, ${unused} of them unused` : ""}`,
		`${counted(variables.length - taken, "variable")} to generate${taken > 0 ? `, ${taken} taken over` : ""}`,
	];
	return `${deployment}: ${parts.join("; ")}`;
}
