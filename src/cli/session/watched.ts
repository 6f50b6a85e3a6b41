import { expectedJobs, listVms } from "../../apply/observe.ts";
import type { CloudResource } from "../../cpi/cpi.ts";
import type { CloudSays, MachineSays, Target } from "../../health/reading.ts";
import { STORE } from "../../machine/layout.ts";
import { type ProbeResult, parseProbe, probeScript } from "../../machine/probe.ts";
import { type ServiceProbe, serviceFailure } from "../../machine/service-probe.ts";
import { isFailing } from "../../machine/supervisor/control.ts";
import { flatVitals } from "../../machine/vitals.ts";
import type { Deployment } from "../../manifest/deployment.ts";
import { addressableNetwork } from "../../plan/link-data.ts";
import type { InstanceName } from "../../plan/step.ts";
import { withDeadline } from "../../ssh/deadline.ts";
import { createLimiter } from "../../ssh/limiter.ts";
import type { InstanceRecord } from "../../state/state.ts";
import type { CliContext } from "../command.ts";
import type { RecordedDeployment } from "./recorded.ts";

/** Milliseconds for a VM's answer, entering it included: thrice what it last took, within these bounds. */
const ANSWER_MS = { least: 5_000, most: 20_000 };
/** Milliseconds for the cloud's list. */
const LIST_MS = 10_000;
/** VMs that are asked at once. */
const AT_ONCE = 128;

/** What looks at a deployment have in common. */
export interface Looking {
	/** How many ms the last answer of each instance took. */
	readonly times: Map<InstanceName, number>;
	/** Vitals are asked for too, which takes 0.2 s more. */
	readonly vitals: boolean;
	/** The last deploy has come to its end: what is half done now was a repair's, or another command's, that was cut short. */
	readonly isDeployed?: boolean;
}

/**
 * One look at the VMs of a deployment that are meant to run: what the clouds say of them, and what they say of themselves. Changes nothing but
 * the times, by which it knows when to wait no more.
 */
export async function lookAtTargets(
	deployment: RecordedDeployment,
	context: CliContext,
	looking: Looking,
): Promise<readonly Target[]> {
	const records = deployment.records.instances().filter((record) => isWatched(record, looking.isDeployed === true));
	const at = context.clock.monotonic();
	const places = createLimiter(AT_ONCE);
	const [listed, machines] = await Promise.all([
		listClouds(deployment, context),
		Promise.all(
			records.map(async (record) => {
				const leave = await places.acquire(context.signal);
				return ask(record, deployment, context, looking).finally(leave);
			}),
		),
	]);
	return records.map((record, index) => ({
		instance: `${record.group}/${record.index}`,
		az: record.az,
		reading: { at, cloud: cloudSays(record, listed), machine: machines[index] ?? NOT_ASKED },
	}));
}

/** What `health` of an instance's group and jobs asks for. */
function servicesOf(
	{ instanceGroups }: Deployment,
	{ group, ips }: Pick<InstanceRecord, "group" | "ips">,
): readonly ServiceProbe[] {
	const found = instanceGroups.find(({ name }) => name === group);
	if (!found) return [];
	const own = ips[addressableNetwork(found)] ?? "127.0.0.1";
	const checks = [...(found.health ?? []), ...found.jobs.flatMap(({ health }) => health ?? [])];
	return checks.map(({ port, path, status, address }) => ({ address: address ?? own, port, path, statuses: status }));
}

const NOT_ASKED: MachineSays = { answers: false, why: "it has no VM" };

/** What operators stopped or ignore, what is at work for an errand only, and what a deploy left half done is left alone. */
function isWatched({ lifecycle, wanted, ignore, dirty, applied }: InstanceRecord, isDeployed: boolean): boolean {
	const isWhole = !dirty && applied !== undefined;
	return lifecycle === "service" && wanted === "started" && !ignore && (isWhole || isDeployed);
}

type Listed = ReadonlyMap<string, ReadonlyMap<string, CloudResource> | undefined>;

/** By CPI: its VMs; undefined for a cloud that does not answer. */
async function listClouds({ name, store, cpis }: RecordedDeployment, { signal, clock }: CliContext): Promise<Listed> {
	const owner = { store: store.uuid, deployment: name };
	const lists = [...cpis.all()].map(async ([cpi, port]) => {
		const late = () => new Error(`it gave no list within ${LIST_MS / 1000} s`);
		try {
			const vms = await withDeadline({ ms: LIST_MS, clock, signal, late }, (until) =>
				listVms(cpi, port, { owner, signal: until }),
			);
			return [cpi, new Map(vms.map(({ vm }) => [vm.cid as string, vm]))] as const;
		} catch {
			signal.throwIfAborted();
			return [cpi, undefined] as const;
		}
	});
	return new Map(await Promise.all(lists));
}

function cloudSays({ vm }: InstanceRecord, listed: Listed): CloudSays {
	if (!vm) return "gone";
	const vms = listed.get(vm.cpi);
	if (!vms) return "nothing";
	const found = vms.get(vm.cid);
	if (!found) return "gone";
	return found.state === "stopped" ? "stopped" : "running";
}

async function ask(
	record: InstanceRecord,
	{ machines, inputs }: RecordedDeployment,
	{ signal, clock }: CliContext,
	{ times, vitals }: Looking,
): Promise<MachineSays> {
	if (!record.vm) return NOT_ASKED;
	const instance = `${record.group}/${record.index}`;
	const services = servicesOf(inputs.deployment, record);
	const expected = {
		services,
		vitals,
		mountPoint: record.disk && STORE,
		disks: Object.keys(record.disks ?? {}),
		...expectedJobs(record),
	};
	const { least, most } = ANSWER_MS;
	const ms = Math.min(most, Math.max(least, 3 * (times.get(instance) ?? most)));
	const late = () => new Error(`it gave no answer within ${(ms / 1000).toFixed()} s`);
	const begun = clock.monotonic();
	try {
		const { stdout } = await withDeadline({ ms, clock, signal, late }, async (until) => {
			const connection = await machines.connect(instance, { signal: until });
			return connection.run(probeScript(expected), { signal: until });
		});
		const probe = parseProbe(stdout);
		const tookMs = clock.monotonic() - begun;
		times.set(instance, tookMs);
		const answer = answerOf(probe, expected);
		const cut = record.dirty ? ["what was last done to it was cut short"] : [];
		return {
			...answer,
			failing: answer.failing && [...cut, ...answer.failing],
			tookMs,
			...(probe.vitals ? { vitals: flatVitals(probe.vitals) } : {}),
		};
	} catch (error) {
		signal.throwIfAborted();
		return { answers: false, why: (error as Error).message };
	}
}

function answerOf(
	{ bootId, processes, services: said, wrongJobs, mounted, missingDisks }: ProbeResult,
	{ services, mountPoint }: { readonly services: readonly ServiceProbe[]; readonly mountPoint: string | undefined },
): Omit<Extract<MachineSays, { answers: true }>, "tookMs" | "vitals"> {
	const failing = processes?.filter(isFailing);
	return {
		answers: true,
		bootId,
		failing: failing && [
			...(mountPoint !== undefined && !mounted ? ["its persistent disk is not mounted"] : []),
			...missingDisks.map((name) => `its persistent disk ${name} is not there`),
			...wrongJobs.map((job) => `its job ${job} is gone`),
			...failing.map(({ name }) => `${name} does not run`),
		],
		deaf: services.flatMap((service, index) => {
			const why = serviceFailure(service, said[index] ?? { ok: false, said: "it was not asked" });
			return why === undefined ? [] : [`${service.address}:${service.port}${service.path ?? ""} ${why}`];
		}),
		restarts: Object.fromEntries(processes?.map(({ name, restarts }) => [name, restarts]) ?? []),
	};
}
