import { problem, UserError } from "../../errors.ts";
import type { CliContext, Options } from "../command.ts";
import { type DeploymentRun, withRun } from "./deployment-run.ts";
import { type Inputs, recordedInputs } from "./manifest.ts";
import { chosenDeployment } from "./store.ts";
import { withStore } from "./with-store.ts";

/**
 * `withRun` for the deployment that the options name, by the manifest and cloud that it was last deployed with; `adapt` may change those for
 * this run.
 */
export function withRecordedRun<T>(
	verb: string,
	options: Options,
	context: CliContext,
	work: (run: DeploymentRun) => Promise<T>,
	adapt: (inputs: Inputs) => Inputs = (inputs) => inputs,
): Promise<T> {
	return withStore(context, async (store) => {
		const name = await chosenDeployment(store, options, context.env);
		const { deployment: record } = await store.read(name);
		if (!record) throw new UserError(problem("no-deployment", `there is no deployment "${name}" any more`));
		return withRun(verb, (key) => adapt(recordedInputs(record, key)), store, context, work);
	});
}
