import { once } from "node:events";
import { createServer, isIPv4, type Server, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { problemsOf } from "../../apply/problems-of.ts";
import { problem, UserError, warning } from "../../errors.ts";
import type { InstanceName } from "../../plan/step.ts";
import type { CliContext } from "../command.ts";
import { joinStreams } from "./join-streams.ts";
import { oneInstance } from "./one-instance.ts";
import type { RecordedDeployment } from "./recorded.ts";
import { refreshRecords } from "./refresh-records.ts";
import type { Tunnels } from "./tunnel.ts";

/** A port of this machine that leads to one of an instance. */
export interface PublishedPort {
	readonly host: string;
	readonly from: number;
	readonly instance: string;
	readonly to: number;
}

export interface PublishOptions {
	readonly deployment: RecordedDeployment;
	readonly tunnels: Tunnels;
	readonly context: CliContext;
}

const FORM = /^(?:(?:\[(?<ipv6>[0-9a-fA-F:.]+)\]|(?<host>[^:[\]/]+)):)?(?<from>\d+):(?<instance>[^:]+):(?<to>\d+)$/;

/** `[HOST:]PORT:INSTANCE:PORT`, an IPv6 host in brackets. Throws a UserError with exit code 64. */
export function parsePort(given: string): PublishedPort {
	const { ipv6, host, from, instance, to } = FORM.exec(given)?.groups ?? {};
	const isPort = (number: string | undefined, least: number) => Number(number) >= least && Number(number) <= 65_535;
	if (instance !== undefined && isPort(from, 0) && isPort(to, 1))
		return { host: ipv6 ?? host ?? "127.0.0.1", from: Number(from), instance, to: Number(to) };
	throw new UserError(
		problem("bad-port", `${given} is not [HOST:]PORT:GROUP/INDEX:PORT`, { hint: "write it as in 8080:router/0:80" }),
		{ exitCode: 64 },
	);
}

/** Anybody who reaches another address than loopback is let in. */
export function warnOfStrangers(host: string, { emit }: Pick<CliContext, "emit">): void {
	if ((isIPv4(host) && host.startsWith("127.")) || host === "::1" || host === "localhost") return;
	const problem = warning("proxy-open", `whoever reaches ${host} may use this port`, {
		hint: "leave the host out to listen on 127.0.0.1 only",
	});
	emit({ type: "problem", problem });
}

/** Listens, and leads each connection to the instance as it is then recorded. Throws a UserError if the port can't be had. */
export async function openPort(
	port: PublishedPort,
	options: PublishOptions,
): Promise<{ readonly server: Server; readonly name: InstanceName }> {
	const { deployment, context } = options;
	const name = oneInstance(deployment.records, port.instance, { what: "a port leads to" });
	const server = createServer({ allowHalfOpen: true }, (socket) => void serve(socket, name, port, options));
	try {
		server.listen(port.from, port.host);
		await once(server, "listening", { signal: context.signal });
		return { server, name };
	} catch (error) {
		context.signal.throwIfAborted();
		throw new UserError(notListening(port, error as NodeJS.ErrnoException), { cause: error });
	}
}

/** One connection. What fails is told and ends this connection only. */
async function serve(socket: Socket, name: InstanceName, { to }: PublishedPort, options: PublishOptions) {
	const { emit, signal } = options.context;
	// Between its coming and the first byte it has no other reader of its errors.
	socket.on("error", () => {});
	try {
		const stream = await connect(name, to, options);
		await joinStreams({ from: socket, to: socket }, stream, signal);
	} catch (error) {
		socket.destroy();
		if (signal.aborted) return;
		// A side that breaks off is everyday; a way that can't be made is not.
		for (const found of problemsOf(error, undefined) ?? []) emit({ type: "problem", problem: found });
	}
}

/** Through the embedded provider's gateway to the port itself, else through the VM's own SSH server. */
async function connect(
	name: InstanceName,
	port: number,
	{ deployment, tunnels, context }: PublishOptions,
): Promise<Duplex> {
	await refreshRecords(deployment);
	const { machines, records, inputs } = deployment;
	if (!records.find(name)) throw new UserError(problem("no-instance", `${name} is there no more`));
	const target = machines.target(name);
	if (target.dialer.type === "gateway") return tunnels.open(target, port);
	const vips = new Set(inputs.cloud.networks.filter(({ type }) => type === "vip").map((network) => network.name));
	const own = Object.entries(records.get(name).ips).find(([network]) => !vips.has(network))?.[1];
	const connection = await machines.connect(name, { signal: context.signal });
	return connection.forward(own ?? target.host, port, { signal: context.signal });
}

function notListening({ host, from }: PublishedPort, { code, message }: NodeJS.ErrnoException) {
	const what = `can't listen on ${host}:${from}`;
	if (code === "EADDRINUSE")
		return problem("port-taken", `${what}: another program does`, { hint: "choose another port, or 0 for a free one" });
	if (code === "EACCES")
		return problem("port-forbidden", `${what}: this user may not`, { hint: "choose a port from 1024 on" });
	return problem("bad-host", `${what}: ${message}`, { hint: "choose an address that this machine has" });
}
