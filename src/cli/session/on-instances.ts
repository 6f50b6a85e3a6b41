import { problemsOf } from "../../apply/problems-of.ts";
import type { InstanceName } from "../../plan/step.ts";
import { createLimiter } from "../../ssh/limiter.ts";
import type { CliContext } from "../command.ts";

/** Instances that are worked on at once. */
const AT_ONCE = 32;

/**
 * The same work on each instance, at most 32 at once; results in their order, undefined where it failed. A failure is shown and keeps no other
 * instance from its turn. Rejects when the command is interrupted, once the work on every instance has ended: what runs on a VM is told to.
 */
export async function onInstances<T>(
	instances: readonly InstanceName[],
	{ emit, signal }: Pick<CliContext, "emit" | "signal">,
	work: (instance: InstanceName) => Promise<T>,
): Promise<readonly (T | undefined)[]> {
	const places = createLimiter(AT_ONCE);
	const ends = await Promise.allSettled(
		instances.map(async (instance) => {
			const leave = await places.acquire(signal);
			try {
				return await work(instance);
			} catch (error) {
				signal.throwIfAborted();
				const problems = problemsOf(error, undefined);
				if (!problems) throw error;
				for (const problem of problems) emit({ type: "problem", problem });
				return undefined;
			} finally {
				leave();
			}
		}),
	);
	return ends.map((end) => {
		if (end.status === "rejected") throw end.reason;
		return end.value;
	});
}
