import process from "node:process";
import type { Command } from "../command.ts";
import { withDeployment } from "../session/recorded.ts";
import { openTunnel } from "../session/tunnel.ts";

export const command: Command = {
	arguments: "<deployment> <instance>",
	options: [],
	run: async ([deployment, instance], options, context) => {
		await withDeployment({ ...options, deployment }, context, async ({ machines }) => {
			const target = machines.target(String(instance));
			const stream = await openTunnel(target, target.port, context);
			process.stdin.pipe(stream);
			stream.pipe(process.stdout);
			await new Promise<void>((resolve) => stream.once("close", resolve));
		});
		return 0;
	},
};
