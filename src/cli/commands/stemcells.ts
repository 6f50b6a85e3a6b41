import type { Command } from "../command.ts";
import { openUploadedStemcells } from "../session/stemcells.ts";
import { withStore } from "../session/with-store.ts";

export const command: Command = {
	arguments: "",
	options: [],
	help: `The stemcells that the VMs of this state store were made from, by CPI, and those that davit upload-stemcell has kept on this machine.
docs/stemcells.md says which image a stemcell is.`,
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
			const uploaded = (await openUploadedStemcells(context).list()).map(({ os, version, name, light }) => ({
				stemcell: `${os}/${version}`,
				uploaded: `${name} (${light ? "light" : "heavy"})`,
			}));
			const columns = ["stemcell", "cpi", "vms", "deployments", "uploaded"];
			context.emit({ type: "table", name: "stemcells", columns, rows: [...rows, ...uploaded] });
			return 0;
		}),
};
