import type { Chance } from "./chance.ts";
import type { SimulatedWorld } from "./world.ts";

/** A case's command line, as a command's `run` takes it. */
export function parse(args: readonly string[]): {
	readonly command: string;
	readonly words: readonly string[];
	readonly options: Readonly<Record<string, boolean | readonly string[]>>;
} {
	const [command = "", ...rest] = args;
	const options = {
		...(rest.includes("-n") ? { nonInteractive: true } : {}),
		...(rest.includes("--allow-deletions") ? { allowDeletions: true } : {}),
		...(rest.includes("--hard") ? { hard: true } : {}),
		...(rest.includes("--compilation-vms") ? { compilationVms: true } : {}),
		...(rest.includes("--cloud=cloud.yml") ? { cloud: ["cloud.yml"] } : {}),
	};
	return { command, words: rest.filter((word) => !word.startsWith("-")), options };
}

/** Gone, off, or only its process is. */
export function loseVm(world: SimulatedWorld, choices: Chance): void {
	const vm = choices.one([...world.cloud.vms.values()]);
	const way = choices.one(["vm-gone", "vm-off", "process-died"] as const);
	if (way === "vm-gone") {
		vm.machine.end();
		for (const disk of world.cloud.disks.values()) if (disk.attachedTo === vm.cid) disk.attachedTo = undefined;
		world.cloud.vms.delete(vm.cid);
	}
	if (way === "vm-off") vm.machine.end();
	if (way === "process-died") for (const process of vm.machine.processes.values()) process.startedAt = undefined;
}
