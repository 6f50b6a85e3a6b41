import { type Problem, UserError } from "../../errors.ts";
import type { InstanceName, Step } from "../../plan/step.ts";
import { createLimiter } from "../../ssh/limiter.ts";
import { type ApplyContext, callOptions } from "../context.ts";
import { namesAreWritten, writeNames } from "../naming.ts";
import { swapped } from "../next-vm.ts";
import { problemsOf } from "../problems-of.ts";

type Of<K extends Step["kind"]> = Extract<Step, { kind: K }> & { instance: string };

/** VMs that are told at once. */
const AT_ONCE = 16;

/** Gives the instance the VM that was made for it, with its addresses, in one write. */
export async function swapVm({ instance }: Of<"swap-vm">, context: ApplyContext): Promise<void> {
	const { records, store, lease, disconnect } = context;
	disconnect(instance);
	await store.write(lease.fence, swapped(instance, records));
}

/** Writes names anew where the instance is seen, unless they are as they should be. All are tried; throws a UserError with those that can't be told. */
export async function publishNames(step: Of<"publish-names">, context: ApplyContext): Promise<void> {
	const places = createLimiter(AT_ONCE);
	const { signal } = callOptions(context);
	const told = step.to.filter((name) => {
		const record = context.records.find(name);
		return record?.vm?.bootstrapped === true && !record.ignore && !namesAreWritten(name, context);
	});
	const tell = async (instance: InstanceName): Promise<readonly Problem[]> => {
		const leave = await places.acquire(signal);
		try {
			await writeNames({ ...step, instance }, context);
			return [];
		} catch (error) {
			signal.throwIfAborted();
			context.lease.check();
			const problems = problemsOf(error, instance);
			if (!problems || (error instanceof UserError && error.exitCode !== 1)) throw error;
			return problems;
		} finally {
			leave();
		}
	};
	const problems = (await Promise.all(told.map(tell))).flat();
	if (problems.length > 0 && !step.mayMiss) throw new UserError(problems);
}
