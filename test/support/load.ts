import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import type { World } from "./acceptance.ts";

export interface LoadOptions {
	readonly balancer: { readonly host: string; readonly port: number };
	/** Two apps, which take turns. */
	readonly hosts: readonly string[];
	readonly perSecond: number;
}

/** A slow request that was answered: by whom, and when it began and ended, in ms since 1970. */
export interface SlowRequest {
	readonly by: string;
	readonly from: number;
	readonly to: number;
}

export interface LoadReport {
	readonly requests: number;
	/** How many of them made a connection. */
	readonly connections: number;
	readonly seconds: number;
	/** One line for each request without the app's whole answer: another status, refused, reset, or none in 30 s. */
	readonly failures: readonly string[];
	readonly slow: readonly SlowRequest[];
}

/** What runs in the network of a world's only deployment, until it is stopped. */
export interface Inside {
	/** Resolves once it has printed something, or ended. */
	readonly said: Promise<unknown>;
	/** Ends its input, or ends it by a signal; resolves to its output. */
	stop(signal?: NodeJS.Signals): Promise<string>;
}

/** Where the balancer listens, inside the deployment's network. */
const BALANCER = { host: "127.0.0.1", port: 8000 };

/**
 * HAProxy in front of the routers, balancing connections with its defaults for health checks (every 2 s; out after 3 failures, in after 2
 * successes), and without `redispatch`: a connection that its router refuses fails.
 */
export async function startBalancer(world: World, routers: readonly string[]): Promise<Inside> {
	const servers = routers.map((ip, index) => `\tserver router-${index} ${ip}:80 check`);
	const file = world.write(
		"haproxy.cfg",
		`global
	maxconn 2000
defaults
	mode tcp
	timeout connect 5s
	timeout client 60s
	timeout server 60s
listen routers
	bind ${BALANCER.host}:${BALANCER.port}
	balance roundrobin
	option httpchk
	http-check send meth GET uri / ver HTTP/1.1 hdr Host router.health
	http-check expect status 200
${servers.join("\n")}
`,
	);
	const balancer = startInside(world, ["haproxy", "-db", "-q", "-f", file]);
	const health = `http://${BALANCER.host}:${BALANCER.port}/`;
	const asking = ["curl", "-s", "--fail", "--retry", "30", "--retry-connrefused", "--retry-delay", "1"];
	const answer = await startInside(world, [...asking, "-H", "Host: router.health", health]).stop();
	if (!answer.includes("routes")) throw new Error(`no router answers behind the balancer: ${answer}`);
	return balancer;
}

/** Starts the load, and resolves once it is answered; to stop it, which takes another second of load, gives its report. */
export async function startLoad(
	world: World,
	options: Omit<LoadOptions, "balancer">,
): Promise<{ stop(): Promise<LoadReport> }> {
	const text = JSON.stringify({ balancer: BALANCER, ...options } satisfies LoadOptions);
	const inside = startInside(world, [process.execPath, join(import.meta.dirname, "load-child.ts"), text]);
	await inside.said;
	return { stop: async () => JSON.parse((await inside.stop()).split("\n")[1] ?? "") as LoadReport };
}

function startInside(world: World, argv: readonly string[]): Inside {
	const networks = join(world.home, "local/networks");
	const [network = ""] = readdirSync(networks);
	const [, holder = ""] = readFileSync(join(networks, network, "process"), "utf8").split(" ");
	const entering = ["nsenter", "--target", holder, "--user", "--net", "--preserve-credentials", "--"];
	const { argv: words, env, cwd } = world.command([...entering, ...argv]);
	const [command = "", ...args] = words;
	const child: ChildProcess = spawn(command, args, { env, cwd, stdio: ["pipe", "pipe", "inherit"] });
	let output = "";
	child.stdout?.setEncoding("utf8").on("data", (part: string) => {
		output += part;
	});
	const closed = once(child, "close");
	const said = Promise.race([child.stdout ? once(child.stdout, "data") : closed, closed]);
	return {
		said,
		stop: async (signal) => {
			if (signal) child.kill(signal);
			else child.stdin?.end();
			await closed;
			return output;
		},
	};
}
