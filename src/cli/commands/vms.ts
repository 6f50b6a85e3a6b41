import { observe } from "../../apply/observe.ts";
import type { Command } from "../command.ts";
import { withDeployment } from "../session/recorded.ts";
import { deploymentOption } from "../session/store.ts";

const columns = ["instance", "state", "az", "ips", "vm_cid", "pid"];

export const command: Command = {
	arguments: "",
	options: [deploymentOption],
	help: "States: running, stopped (powered off), unresponsive, missing (gone at the cloud), orphan (nobody recorded it).",
	run: async (_, options, context) => {
		await withDeployment(options, context, async ({ name, store, records, cpis, machines }) => {
			const owner = { store: store.uuid, deployment: name };
			const seen = await observe({
				owner,
				instances: records.instances(),
				cpis: cpis.all(),
				connect: machines.connect,
				signal: context.signal,
			});
			const pidOf = (cid: string) => seen.listing.find(({ vm }) => vm.cid === cid)?.vm.details?.pid;
			const rows = records.instances().map((record) => {
				const instance = `${record.group}/${record.index}`;
				const cid = record.vm?.cid;
				const there = cid === undefined ? undefined : seen.vms.get(cid);
				const answers = seen.machines.get(instance)?.reachable === true;
				const state = !there ? "missing" : there.state === "stopped" ? "stopped" : answers ? "running" : "unresponsive";
				return {
					instance,
					state,
					az: record.az,
					ips: Object.values(record.ips),
					vm_cid: cid,
					pid: cid === undefined ? undefined : pidOf(cid),
				};
			});
			const known = new Set<string | undefined>(rows.map(({ vm_cid }) => vm_cid));
			const orphans = seen.listing
				.filter(({ vm }) => !known.has(vm.cid))
				.map(({ vm }) => ({
					instance: vm.name,
					state: "orphan",
					az: "",
					ips: vm.ips ?? [],
					vm_cid: vm.cid,
					pid: vm.details?.pid,
				}));
			context.emit({ type: "table", name: "vms", columns, rows: [...rows, ...orphans] });
		});
		return 0;
	},
};
