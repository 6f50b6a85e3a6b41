import type { Command } from "../command.ts";
import { look } from "../session/look.ts";
import { withDeployment } from "../session/recorded.ts";
import { deploymentOption } from "../session/store.ts";
import { tableOf } from "../session/table-of.ts";

const columns = ["instance", "state", "az", "ips", "vm_cid", "vm_type", "pid", "why"];

export const command: Command = {
	arguments: "",
	options: [deploymentOption],
	help: `States: running (it answers), stopped (powered off), unresponsive, missing (gone at the cloud), next (made to take the place of
the instance's VM), former (its place was taken, and it is to be deleted), orphan (at the cloud, and no instance has it). compilation/0 and such are
there while packages compile on them (--compilation-vms). The pid is that of the VM's first process, on the embedded provider.

Example: davit vms -d min-4 --json`,
	run: async (_, options, context) => {
		await withDeployment(options, context, async (deployment) => {
			const { instances, spares, orphans } = await look(deployment, context);
			const { compilation } = deployment.inputs.cloud;
			const groups = deployment.inputs.deployment.instanceGroups;
			const typeOf = (group: string) => groups.find(({ name }) => name === group)?.vmType;
			const rows = instances.map(({ instance, record, state, details, why }) => ({
				instance,
				state,
				az: record.az,
				ips: Object.values(record.ips),
				vm_cid: record.vm?.cid,
				vm_type: record.lifecycle === "compilation" ? compilation?.vmType : typeOf(record.group),
				pid: details.pid,
				why,
			}));
			const beside = spares.map(({ instance, state, az, vm, details, why }) => ({
				...{ instance, state, az, ips: Object.values(vm.ips), vm_cid: vm.cid },
				...{ vm_type: typeOf(instance.slice(0, instance.lastIndexOf("/"))), pid: details.pid, why },
			}));
			const strangers = orphans.map(({ vm }) => ({
				instance: vm.name,
				state: "orphan",
				ips: vm.ips ?? [],
				vm_cid: vm.cid,
				pid: vm.details?.pid,
			}));
			context.emit(tableOf("vms", columns, [...rows, ...beside, ...strangers]));
		});
		return 0;
	},
};
