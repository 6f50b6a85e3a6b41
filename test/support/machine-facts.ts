import type { MachineFacts } from "../../src/machine/bootstrap/facts.ts";

/** What a VM tells at the end of its bootstrap, by a VM that is nothing special. */
export function machineFacts(more: Partial<MachineFacts> & Pick<MachineFacts, "clockMs">): MachineFacts {
	return {
		os: "debian 12",
		kernel: "6",
		arch: "x86_64",
		bootId: "b",
		ids: "all",
		init: "other",
		cpus: 1,
		memoryMib: 1,
		dataDiskMib: 1,
		reconnect: false,
		cgroups: "v2",
		appArmor: false,
		sudo: "sudo",
		network: "networkd",
		sshd: "service",
		tmpNoexec: false,
		...more,
	};
}
