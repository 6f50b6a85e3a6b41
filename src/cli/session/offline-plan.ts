import { UserError } from "../../errors.ts";
import { type OfflinePlan, planOffline } from "../../plan/plan-offline.ts";
import { counted } from "../../plan/titles.ts";
import type { CliContext, Options } from "../command.ts";
import { withCompilation } from "./compilation.ts";
import { importedVariables } from "./imported-variables.ts";
import { located } from "./located.ts";
import { readManifest } from "./manifest.ts";

/** Plans a first deploy from manifest and cloud file alone, and shows it. Throws with everything that is wrong with them. */
export async function showOfflinePlan(manifest: string, options: Options, context: CliContext): Promise<void> {
	const nobody = async () => undefined;
	const inputs = await readManifest(manifest, options, context, { recorded: nobody, cpiMayLack: true });
	const values = await importedVariables(inputs.deployment.variables, options, context);
	const known = { used: inputs.usedVariables, imported: new Set(values.keys()) };
	const { plan: own, problems } = planOffline(inputs.deployment, inputs.cloud, known);
	const workers = options.compilationVms === true && withCompilation(inputs.cloud).compilation.workers;
	const plan = workers === false ? own : { ...own, compilation_vms: workers };
	const told = problems.map((each) => located(each, inputs.place));
	const errors = told.filter(({ severity }) => severity === "error");
	for (const each of [...inputs.warnings, ...told.filter(({ severity }) => severity === "warning")])
		context.emit({ type: "problem", problem: each });
	if (errors.length > 0) throw new UserError(errors);
	if (context.json) return context.emit({ type: "offline-plan", plan });
	context.emit({ type: "table", name: "instances", columns: COLUMNS, rows: rowsOf(plan) });
	context.emit({ type: "note", text: summary(plan) });
}

const COLUMNS = ["instance", "az", "ips", "vm_type", "disk", "stemcell", "jobs"];

function rowsOf(plan: OfflinePlan): readonly Readonly<Record<string, unknown>>[] {
	const groups = new Map(plan.instance_groups.map((group) => [group.name, group]));
	return plan.instances.map(({ instance, az, networks, persistent_disk, persistent_disks, stemcell, lifecycle }) => {
		const group = groups.get(instance.slice(0, instance.lastIndexOf("/")));
		const ips = Object.values(networks).map(({ ip }) => (typeof ip === "string" ? ip : "(the cloud chooses)"));
		return {
			instance: lifecycle === "errand" ? `${instance} (errand)` : instance,
			az,
			ips,
			vm_type: [group?.vm_type ?? "(vm_resources)", ...(group?.vm_extensions ?? [])],
			disk: persistent_disks
				? persistent_disks.map(({ name, size }) => `${name} ${size} MiB`)
				: persistent_disk && `${persistent_disk.size} MiB`,
			stemcell,
			jobs: group?.jobs.length,
		};
	});
}

/** `min-4: 4 VMs and 2 errands; 33 releases, 1 of them unused; 126 variables to generate` */
function summary({ deployment, instances, releases, variables, compilation_vms: compiling }: OfflinePlan): string {
	const errands = instances.filter(({ lifecycle }) => lifecycle === "errand").length;
	const taken = variables.filter(({ imported }) => imported).length;
	const unused = releases.filter(({ used }) => !used).length;
	const parts = [
		`${counted(instances.length - errands, "VM")}${errands > 0 ? ` and ${counted(errands, "errand VM")}` : ""}`,
		...(compiling === undefined ? [] : [`up to ${counted(compiling, "compilation VM")} for each stemcell`]),
		`${counted(releases.length, "release")}${unused > 0 ? `, ${unused} of them unused` : ""}`,
		`${counted(variables.length - taken, "variable")} to generate${taken > 0 ? `, ${taken} taken over` : ""}`,
	];
	return `${deployment}: ${parts.join("; ")}`;
}
