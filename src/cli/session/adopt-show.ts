import { massDeletion } from "../../plan/mass-deletion.ts";
import { counted } from "../../plan/titles.ts";
import { fingerprint } from "../../ssh/keys.ts";
import type { CliContext } from "../command.ts";
import type { Adoption } from "./adopt-match.ts";
import type { PreparedAdoption } from "./adopt-prepare.ts";
import { showPlanReport } from "./show-plan.ts";
import { tableOf } from "./table-of.ts";

interface Shown extends Adoption, PreparedAdoption {
	readonly name: string;
	readonly lost: readonly string[];
}

/** What is recorded from now on, and what the next deploy would do. */
export function showAdoption({ name, adopted, report, ...shown }: Shown, context: CliContext): void {
	const { instances, matched } = shown;
	const rows = matched.instances.map(({ group, index, az, ips, vm, disk, disks, wanted }) => ({
		instance: `${group}/${index}`,
		az,
		ips: Object.values(ips),
		vm_cid: vm?.cid,
		disk_cid: disk ?? (disks && Object.values(disks)),
		state: wanted === "started" ? undefined : wanted,
		host_key: instances.get(`${group}/${index}`)?.from?.hostKeys.map(fingerprint).join(", "),
	}));
	const byName = rows.toSorted((a, b) => a.instance.localeCompare(b.instance, "en", { numeric: true }));
	context.emit(tableOf("instances", ["instance", "az", "ips", "vm_cid", "disk_cid", "state", "host_key"], byName));
	const orphans = matched.disks.flatMap(({ cid, instanceName, sizeMib, orphanedAt }) =>
		orphanedAt === undefined ? [] : [{ orphaned_disk: cid, instance: instanceName, size_mib: sizeMib }],
	);
	if (orphans.length > 0) context.emit(tableOf("disks", ["orphaned_disk", "instance", "size_mib"], orphans));
	const text =
		"The VMs don't tell the cloud properties and the env that they were made with: those of the manifest are taken to be theirs.";
	context.emit({ type: "note", text });
	context.emit({ type: "note", text: "The next deploy, by this manifest:" });
	showPlanReport(report, context);
	const mass = massDeletion({ deployment: name, changes: report.changes }, matched.instances);
	if (mass) context.emit({ type: "problem", problem: { ...mass, severity: "warning" } });
}

/** What an operator is to know before it is so. */
export function toAgree({ name, adopted, instances, matched, left, lost }: Shown): readonly string[] {
	const learnt = [...instances.values()].filter(({ from }) => from?.learnt).length;
	const kept = matched.disks.filter(({ orphanedAt }) => orphanedAt !== undefined).length;
	const held = matched.disks.length - kept;
	const withoutVm = matched.instances.filter(
		({ vm, group, index }) => !vm && !left.some(({ instance }) => instance === `${group}/${index}`),
	);
	return [
		`this state store becomes ${adopted.uuid}, and records ${name}: ${counted(matched.instances.length, "instance")}, ${counted(held, "disk")}, ${counted(kept, "orphaned disk")}`,
		...(learnt > 0
			? [
					`${counted(learnt, "host key")} ${learnt === 1 ? "is" : "are"} believed as shown: nothing is known to compare with`,
				]
			: []),
		...left.map(
			({ instance, vm, why }) => `${instance}: VM ${vm.cid} is left out, and deleted by the next deploy: ${why}`,
		),
		...withoutVm.map(
			({ group, index, disk }) => `${group}/${index} has no VM: the next deploy makes one, with disk ${disk}`,
		),
		...matched.unclear.map(
			({ instance, disks }) =>
				`${instance}: which of ${disks.join(", ")} is its disk can't be told; all are kept, orphaned, and it gets an empty one until davit attach-disk ${instance} CID`,
		),
		...(lost.length > 0 ? [`new values are made for ${lost.join(", ")}`] : []),
	];
}
