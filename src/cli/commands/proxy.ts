import type { AddressInfo, Server } from "node:net";
import type { Command } from "../command.ts";
import { openPort, parsePort, warnOfStrangers } from "../session/published-port.ts";
import { withDeployment } from "../session/recorded.ts";
import { deploymentOption } from "../session/store.ts";
import { createTunnels } from "../session/tunnel.ts";

export const command: Command = {
	arguments: "<ports...>",
	options: [deploymentOption],
	help: `Each is [HOST:]PORT:GROUP/INDEX:PORT. HOST is where to listen, 127.0.0.1 if it is left out; port 0 takes a free one. Each connection is
dialled anew, so an instance may be recreated meanwhile. It ends at Ctrl-C, with exit code 0.

Example: davit proxy 8080:router/0:80 5432:database/0:5432`,
	endsByInterrupt: true,
	run: async ([ports], options, context) => {
		const wanted = (ports as readonly string[]).map(parsePort);
		await withDeployment(options, context, async (deployment) => {
			const tunnels = createTunnels(context);
			const servers: Server[] = [];
			try {
				for (const port of wanted) {
					const { server, name } = await openPort(port, { deployment, tunnels, context });
					servers.push(server);
					const { port: number } = server.address() as AddressInfo;
					const host = port.host.includes(":") ? `[${port.host}]` : port.host;
					context.emit({ type: "note", text: `listening on ${host}:${number}, for ${name} port ${port.to}` });
					warnOfStrangers(port.host, context);
				}
				await new Promise<void>((resolve) => {
					if (context.signal.aborted) resolve();
					context.signal.addEventListener("abort", () => resolve(), { once: true });
				});
			} finally {
				for (const server of servers) server.close();
				tunnels.close();
			}
		});
		return 0;
	},
};
