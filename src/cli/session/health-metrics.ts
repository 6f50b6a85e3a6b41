import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { problem, UserError } from "../../errors.ts";
import type { Judged, Repair } from "../../health/repairs.ts";
import type { HealthEvent } from "../../health/watch.ts";
import type { InstanceName } from "../../plan/step.ts";

/** What a watcher shows to Prometheus. */
export interface HealthMetrics {
	/** Where it is read. */
	readonly url: string;
	/** What a look made of a deployment's VMs. `at`: wall clock, ms. */
	look(deployment: string, targets: readonly Judged[], at: number): void;
	tell(deployment: string, event: HealthEvent): void;
	close(): Promise<void>;
}

/** Listens for HTTP at an address and a port. Throws a UserError if that can't be had. */
export async function serveMetrics({
	host,
	port,
}: {
	readonly host: string;
	readonly port: number;
}): Promise<HealthMetrics> {
	const registry = new Registry();
	const { look, tell } = createMetrics(registry);
	const server = createServer(async (request, response) => {
		const isAsked = request.method === "GET" && request.url?.split("?")[0] === "/metrics";
		if (!isAsked) return response.writeHead(404).end("see /metrics\n");
		return response.writeHead(200, { "content-type": registry.contentType }).end(await registry.metrics());
	});
	server.listen(port, host);
	try {
		await once(server, "listening");
	} catch (error) {
		const message = `no metrics at ${host}:${port}: ${(error as Error).message}`;
		throw new UserError(problem("port-taken", message, { hint: "choose another port; 0 takes a free one" }));
	}
	const { address, family, port: own } = server.address() as AddressInfo;
	return {
		url: `http://${family === "IPv6" ? `[${address}]` : address}:${own}/metrics`,
		look,
		tell,
		close: async () => {
			server.closeAllConnections();
			await new Promise((resolve) => server.close(resolve));
		},
	};
}

function createMetrics(registry: Registry): Pick<HealthMetrics, "look" | "tell"> {
	const registers = [registry];
	const gauge = (name: string, help: string, ...labelNames: readonly string[]) =>
		new Gauge({ name: `davit_${name}`, help, labelNames: ["deployment", ...labelNames], registers });
	const verdicts = gauge("instance_verdict", "1 for the verdict that an instance has", "instance", "az", "verdict");
	const answers = gauge("instance_answer_seconds", "How long the VM's last answer took", "instance");
	const restarts = gauge(
		"process_restarts",
		"Starts of a process by its supervisor since the VM's boot",
		"instance",
		"process",
	);
	const vital = gauge(
		"instance_vitals",
		"Load, and percentages, as davit instances --vitals has them",
		"instance",
		"vital",
	);
	const partitioned = gauge("partitioned", "1 while the watcher may be cut off from its VMs, and repairs nothing");
	const looked = gauge("last_look_timestamp_seconds", "When the VMs were last looked at");
	const probes = new Histogram({
		name: "davit_answer_seconds",
		help: "How long VMs' answers took",
		labelNames: ["deployment"],
		buckets: [0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 16],
		registers,
	});
	const repairs = new Counter({
		name: "davit_repairs_total",
		help: "Repairs that have ended",
		labelNames: ["deployment", "kind", "outcome"],
		registers,
	});
	const atWork = new Map<InstanceName, Repair["kind"]>();
	return {
		look: (deployment, targets, at) => {
			// An instance that is no more has no verdict.
			for (const each of [verdicts, answers, restarts, vital]) each.reset();
			for (const {
				instance,
				az,
				standing,
				reading: { machine },
			} of targets) {
				verdicts.set({ deployment, instance, az, verdict: standing.verdict }, 1);
				if (!machine.answers) continue;
				answers.set({ deployment, instance }, machine.tookMs / 1000);
				probes.observe({ deployment }, machine.tookMs / 1000);
				for (const [process, count] of Object.entries(machine.restarts))
					restarts.set({ deployment, instance, process }, count);
				for (const [name, value] of Object.entries(machine.vitals ?? {}))
					vital.set({ deployment, instance, vital: name }, value);
			}
			looked.set({ deployment }, at / 1000);
		},
		tell: (deployment, event) => {
			if (event.type === "partitioned") partitioned.set({ deployment }, event.why === undefined ? 0 : 1);
			if (event.type === "repair") for (const { instance, kind } of event.repairs) atWork.set(instance, kind);
			if (event.type !== "repaired") return;
			for (const instance of event.instances) {
				const outcome = event.failure === undefined ? "done" : "failed";
				repairs.inc({ deployment, kind: atWork.get(instance) ?? "start", outcome });
				atWork.delete(instance);
			}
		},
	};
}
