import { join, resolve } from "node:path";
import { buildImage } from "../../stemcell/build/build.ts";
import { type Command, text } from "../command.ts";
import { localProblem } from "../session/local-problem.ts";
import { planImage } from "../session/stemcell-plan.ts";

export const command: Command = {
	arguments: "<os>",
	options: [
		{ flags: "--arch <arch>", about: "amd64 or arm64 (default: amd64)" },
		{ flags: "--plain", about: "like the distribution's cloud image, without what releases compile with" },
		{ flags: "--mirror <url>", about: "where its packages come from (default: what apt of this machine uses)" },
		{ flags: "--output <folder>", about: "default: stemcells in DAVIT_HOME" },
		{ flags: "--rebuild", about: "make it anew although it is there" },
	],
	help: `Builds the image that VMs boot: a bootable qcow2 of debian-12, debian-13, ubuntu-22.04, ubuntu-24.04 or ubuntu-26.04, and beside it a JSON file with its packages. It needs no root, but then a range of ids in /etc/subuid. With --mirror, Debian's security updates still come from where apt of this machine finds them.

Example: davit build-stemcell debian-12`,
	run: async ([os], options, context) => {
		const output = resolve(context.cwd, text(options, "output") ?? join(context.home, "stemcells"));
		const { plan, mode } = await planImage(String(os), options, { output, hide: context.hide });
		const built = await buildImage(plan, options.rebuild === true, { ...context, mode }).catch((error: unknown) => {
			throw localProblem(error, output);
		});
		if (built.cached) context.emit({ type: "note", text: `${built.image} is there already, from the same packages.` });
		const { os: name, arch, kind, version, packages } = built.description;
		context.emit({
			type: "table",
			name: "stemcells",
			columns: ["os", "arch", "kind", "version", "packages", "image"],
			rows: [{ os: name, arch, kind, version, packages: Object.keys(packages).length, image: built.image }],
		});
		return 0;
	},
};
