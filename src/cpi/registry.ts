import type { CreateCpi } from "./cpi.ts";
import { CpiError } from "./errors.ts";

/** Every IaaS, by the name that cloud files use. A CPI and its SDK load when its cloud is used, not before. */
const registry: Readonly<Record<string, () => Promise<{ readonly default: CreateCpi }>>> = {
	libvirt: () => import("../../cpis/libvirt/index.ts"),
	local: () => import("../../cpis/local/index.ts"),
};

/** The maker of an IaaS's CPI. Throws a CpiError that lists what there is. */
export async function loadCpi(type: string): Promise<CreateCpi> {
	const load = registry[type];
	if (load) return (await load()).default;
	const known = Object.keys(registry).sort().join(", ");
	throw new CpiError(`there is no CPI "${type}"`, {
		kind: "unsupported",
		iaas: type,
		operation: "info",
		hint: `there are: ${known}`,
	});
}
