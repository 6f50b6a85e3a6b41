import process from "node:process";
import { pipeline } from "node:stream/promises";
import { problemsOf } from "../../apply/problems-of.ts";
import { Records } from "../../apply/records.ts";
import { problem, UserError } from "../../errors.ts";
import type { CliContext, Command, Options } from "../command.ts";
import { openCpis } from "../session/cpis.ts";
import { wayTo } from "../session/machines.ts";
import { recordedInputs } from "../session/manifest.ts";
import { oneInstance } from "../session/one-instance.ts";
import { chosenDeployment, openKey } from "../session/store.ts";
import { createTunnels } from "../session/tunnel.ts";
import { withStore } from "../session/with-store.ts";

export const command: Command = {
	arguments: "<deployment> <instance>",
	options: [],
	help: "OpenSSH's ProxyCommand: standard input and output are the bytes of the instance's SSH port.",
	endsByInterrupt: true,
	run: async ([deployment, instance], options, context) => {
		const way = await findWay(String(instance), { ...options, deployment }, context);
		const tunnels = createTunnels(context);
		try {
			const stream = await tunnels.open(way, way.port);
			const sent = pipeline(process.stdin, stream, { signal: context.signal }).catch(() => {});
			// Once the server has ended there is nobody left to send to.
			await pipeline(stream, process.stdout, { signal: context.signal });
			stream.destroy();
			process.stdin.destroy();
			await sent;
			return 0;
		} catch (error) {
			context.signal.throwIfAborted();
			// The client went away first: that is how it ends.
			if ((error as NodeJS.ErrnoException).code === "EPIPE") return 0;
			throw new UserError(problemsOf(error, undefined) ?? lost(way.name, error as Error), { cause: error });
		} finally {
			tunnels.close();
		}
	},
};

/** The store is closed before the connection begins: it may last for days. */
async function findWay(instance: string, options: Options, context: CliContext) {
	return withStore(context, async (store) => {
		const name = await chosenDeployment(store, options, context.env);
		const { deployment: record, ...recorded } = await store.read(name);
		if (!record) throw new UserError(problem("never-deployed", `deployment "${name}" was never deployed`));
		const { cloud } = recordedInputs(record, await openKey(context, store));
		const cpis = await openCpis(cloud, context);
		const records = new Records(recorded);
		const owner = { store: store.uuid, deployment: name };
		const only = oneInstance(records, instance, { what: "a connection leads to" });
		const way = { name: only, ...wayTo(only, { records, cloud, cpi: cpis.get, owner }) };
		await cpis.close();
		return way;
	});
}

function lost(instance: string, error: Error) {
	return problem("connection-lost", `${instance}: the connection was lost: ${error.message}`);
}
