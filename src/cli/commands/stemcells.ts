import type { Command } from "../command.ts";
import { withStore } from "../session/with-store.ts";

export const command: Command = {
	arguments: "",
	options: [],
	help: "The stemcells that the VMs of this state store were made from, by CPI. One needs no upload: docs/stemcells.md says which image it is.",
	run: (_, __, context) =>
		withStore(context, async (store) => {
			const names = (await store.deployments()).map(({ name }) => name);
			const vms = [];
			for (const name of names)
				for (const { vm } of (await store.read(name)).instances)
					if (vm?.shape.stemcell !== undefined) vms.push({ name, cpi: vm.cpi, stemcell: vm.shape.stemcell });
			const rows = [...Map.groupBy(vms, ({ stemcell, cpi }) => `${stemcell} ${cpi}`)]
				.sort(([a], [b]) => (a < b ? -1 : 1))
				.map(([, all]) => ({
					stemcell: all[0]?.stemcell,
					cpi: all[0]?.cpi,
					vms: all.length,
					deployments: [...new Set(all.map(({ name }) => name))],
				}));
			const columns = ["stemcell", "cpi", "vms", "deployments"];
			context.emit({ type: "table", name: "stemcells", columns, rows });
			return 0;
		}),
};
