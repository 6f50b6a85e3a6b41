import { lineOf, type StemcellLine } from "./line.ts";
import type { Stemcell } from "./stemcell.ts";

/** Which control groups a VM has: `v2` is the unified hierarchy alone. */
export type Cgroups = "v1" | "v2";

/** BOSH's builder boots them with systemd.unified_cgroup_hierarchy=false (bosh-linux-stemcell-builder, image_install_grub). */
const boshWithV1 = /^ubuntu-(trusty|xenial|bionic|jammy)/;

/** What is known before a VM is there; `host` is this machine's, which embedded VMs share. Undefined: nothing. */
export function cgroupsOf(
	{ os, kind }: Pick<Stemcell, "os" | "kind">,
	lines: readonly Pick<StemcellLine, "os" | "aliases" | "traps">[],
	host: Cgroups | undefined,
): Cgroups | undefined {
	if (kind === "local") return host;
	if (kind === "bosh" && boshWithV1.test(os)) return "v1";
	return lineOf(lines, os)?.traps.some(({ name }) => name === "cgroup-v2") ? "v2" : undefined;
}
