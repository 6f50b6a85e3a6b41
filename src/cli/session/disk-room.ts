import { type Problem, problem } from "../../errors.ts";
import { diskUseScript } from "../../machine/disk-copy.ts";
import { STORE } from "../../machine/layout.ts";
import type { InstanceDiff, Observed } from "../../plan/diff-instance.ts";
import { roomOn } from "../../plan/disk-change.ts";
import type { ObserveAllInput } from "./observed.ts";

/** Disks that are to become smaller than what is on them, before anything is stopped for it. What a VM can't be asked now is seen when it is copied. */
export async function tooSmall(
	diffs: readonly InstanceDiff[],
	observed: Observed,
	input: Pick<ObserveAllInput, "machines" | "context">,
): Promise<readonly Problem[]> {
	const asked = diffs.filter(({ desired: { name, disk, formerDisk, diskCopy }, diskChange, reachable }) => {
		const machine = observed.machines.get(name);
		const isMounted = reachable && machine?.reachable === true && !machine.unmounted;
		const shrinks = diskChange?.how === "copy" && disk && formerDisk && disk.sizeMib < formerDisk.sizeMib;
		return isMounted && shrinks && diskCopy?.copyOf?.whole !== true;
	});
	return (await Promise.all(asked.map((diff) => problemOf(diff, input)))).flat();
}

async function problemOf(
	{ desired: { name, disk } }: InstanceDiff,
	{ machines, context: { signal } }: Pick<ObserveAllInput, "machines" | "context">,
): Promise<readonly Problem[]> {
	const connection = await machines.connect(name, { signal });
	const { code, stdout, stderr } = await connection.run(diskUseScript(STORE), { signal });
	if (code !== 0)
		return [problem("disk-not-measured", `${name}: how full its persistent disk is can't be found out: ${stderr}`)];
	const usedMib = Math.ceil(Number(stdout) / 1024);
	const wanted = disk?.sizeMib ?? 0;
	if (usedMib <= roomOn(wanted)) return [];
	const message = `${name}: its persistent disk holds ${usedMib} MiB, and the ${wanted} MiB that the manifest wants take ${roomOn(wanted)} MiB of files`;
	return [problem("disk-too-small", message, { hint: "want a larger disk, or delete what nobody needs on it" })];
}
