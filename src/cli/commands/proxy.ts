import { createServer, type Server } from "node:net";
import { pipeline } from "node:stream";
import { problem, UserError } from "../../errors.ts";
import type { CliContext, Command } from "../command.ts";
import { type RecordedDeployment, selectInstances, withDeployment } from "../session/recorded.ts";
import { deploymentOption } from "../session/store.ts";
import { openTunnel } from "../session/tunnel.ts";

export const command: Command = {
	arguments: "<ports...>",
	options: [deploymentOption],
	help: "Each is PORT:GROUP/INDEX:PORT, as in 8080:router/0:80. Listens on 127.0.0.1 until Ctrl-C; a VM that is recreated is dialled anew.",
	run: async ([ports], options, context) => {
		const wanted = (ports as readonly string[]).map(parsePorts);
		await withDeployment(options, context, async (deployment) => {
			const servers = await Promise.all(wanted.map((each) => listen(each, deployment, context)));
			await new Promise<void>((resolve) => context.signal.addEventListener("abort", () => resolve(), { once: true }));
			for (const server of servers) server.close();
		});
		return 0;
	},
};

interface Published {
	readonly from: number;
	readonly instance: string;
	readonly to: number;
}

function parsePorts(given: string): Published {
	const [, from, instance, to] = /^(\d+):([^:]+\/[^:]+):(\d+)$/.exec(given) ?? [];
	if (from === undefined || instance === undefined || to === undefined) {
		throw new UserError(
			problem("bad-ports", `${given} is not PORT:GROUP/INDEX:PORT`, { hint: "write it as in 8080:router/0:80" }),
			{ exitCode: 64 },
		);
	}
	return { from: Number(from), instance, to: Number(to) };
}

function listen(
	{ from, instance, to }: Published,
	{ records, machines }: RecordedDeployment,
	context: CliContext,
): Promise<Server> {
	const [name = instance] = selectInstances(records, instance);
	const server = createServer({ allowHalfOpen: true }, (socket) => {
		openTunnel(machines.target(name), to, context).then(
			(stream) => {
				pipeline(socket, stream, () => {});
				pipeline(stream, socket, () => {});
			},
			(error: Error) => {
				context.emit({ type: "note", text: error.message });
				socket.destroy();
			},
		);
	});
	return new Promise((resolve, reject) => {
		server.once("error", (error: NodeJS.ErrnoException) => {
			const why = error.code === "EADDRINUSE" ? "it is taken" : error.message;
			reject(
				new UserError(
					problem("port-taken", `can't listen on 127.0.0.1:${from}: ${why}`, { hint: "choose another port" }),
				),
			);
		});
		server.listen(from, "127.0.0.1", () => {
			context.emit({ type: "note", text: `127.0.0.1:${from} leads to ${name}, port ${to}` });
			resolve(server);
		});
	});
}
