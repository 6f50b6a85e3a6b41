import type { Clock } from "../clock.ts";
import type { CloudResource, Cpi, Owner, ResourceKind, VmCid } from "../cpi/cpi.ts";
import { STORE } from "../machine/layout.ts";
import { type ProbeExpectation, type ProbeResult, parseProbe, probeScript } from "../machine/probe.ts";
import { isFailing } from "../machine/supervisor/control.ts";
import type { MachineView, Observed } from "../plan/diff-instance.ts";
import type { InstanceName } from "../plan/step.ts";
import type { SshConnection } from "../ssh/ssh.ts";
import type { InstanceRecord } from "../state/state.ts";
import { runProbe } from "./run-probe.ts";

export interface ObserveInput {
	readonly owner: Owner;
	readonly instances: readonly InstanceRecord[];
	/** By name: every CPI that may hold VMs of the deployment. */
	readonly cpis: ReadonlyMap<string, Cpi>;
	readonly connect: (instance: InstanceName, options: { signal: AbortSignal }) => Promise<SshConnection>;
	readonly clock: Clock;
	readonly signal: AbortSignal;
}

/** VMs at the clouds that carry this deployment's tag, by CPI. */
export interface Listing {
	readonly cpi: string;
	readonly vm: CloudResource;
}

export interface Sight extends Observed {
	readonly listing: readonly Listing[];
	/** VMs that were asked. */
	readonly probes: number;
}

/** Milliseconds for one page of a cloud's list. */
const LIST_MS = 60_000;

/** Looks at the clouds and asks every VM that is there, all at once. Changes nothing. */
export async function observe(input: ObserveInput): Promise<Sight> {
	const listing = (await Promise.all([...input.cpis].map(([name, cpi]) => listVms(name, cpi, input)))).flat();
	const vms = new Map(listing.map(({ vm }) => [vm.cid as VmCid, { state: vm.state ?? "running" }]));
	const asked = input.instances.filter(
		({ vm }) => vm?.bootstrapped && !vm.deleting && vms.get(vm.cid)?.state !== "stopped" && vms.has(vm.cid),
	);
	const views = await Promise.all(
		asked.map(async (record) => [`${record.group}/${record.index}`, await askMachine(record, input)] as const),
	);
	return { vms, machines: new Map(views), listing, probes: asked.length };
}

/** All VMs of the owner at one cloud. */
export async function listVms(
	name: string,
	cpi: Cpi,
	input: Pick<ObserveInput, "owner" | "signal">,
): Promise<readonly Listing[]> {
	return (await listAll(cpi, "vm", input)).map((vm) => ({ cpi: name, vm }));
}

/** All that the owner has of a kind at one cloud, page by page. */
export async function listAll(
	cpi: Cpi,
	kind: ResourceKind,
	{ owner, signal }: { readonly owner: Parameters<Cpi["list"]>[0]; readonly signal: AbortSignal },
): Promise<readonly CloudResource[]> {
	const found: CloudResource[] = [];
	let page: string | undefined;
	do {
		const answer = await cpi.list(owner, kind, {
			signal,
			deadlineMs: LIST_MS,
			...(page === undefined ? {} : { page }),
		});
		found.push(...answer.items);
		page = answer.next;
	} while (page !== undefined);
	return found;
}

async function askMachine(record: InstanceRecord, { connect, clock, signal }: ObserveInput): Promise<MachineView> {
	const name = `${record.group}/${record.index}`;
	try {
		const script = probeScript(expectationOf(record));
		const { code, stdout, stderr } = await runProbe(connect(name, { signal }), script, { signal, clock });
		if (code !== 0)
			return { reachable: false, why: `its probe ended with exit code ${code}: ${stderr.trim().slice(-200)}` };
		return viewOf(record, parseProbe(stdout));
	} catch (error) {
		signal.throwIfAborted();
		return { reachable: false, why: error instanceof Error ? error.message : String(error) };
	}
}

/** The jobs that it should have: without them nothing that should run is missed by its supervisor. */
export function expectedJobs({ applied }: Pick<InstanceRecord, "applied">): Pick<ProbeExpectation, "jobs"> {
	return { jobs: Object.entries(applied?.jobs ?? {}).map(([name, { output }]) => ({ name, digest: output })) };
}

/** What the VM should have, from what it was last brought to. */
function expectationOf({ applied, disk, disks = {} }: InstanceRecord): ProbeExpectation {
	const jobs = Object.entries(applied?.jobs ?? {});
	return {
		...(applied ? expectedJobs({ applied }) : {}),
		files: jobs.flatMap(([job, { files }]) => files.map((path) => `${job}/${path}`)),
		packages: Object.entries(applied?.packages ?? {}).map(([name, fingerprint]) => ({ name, fingerprint })),
		disks: Object.keys(disks),
		...(disk === undefined ? {} : { mountPoint: STORE }),
	};
}

function viewOf({ disk, applied }: InstanceRecord, probe: ProbeResult): MachineView {
	const missingFiles = [
		...probe.missingFiles.map((file) => `/var/vcap/jobs/${file}`),
		...probe.wrongJobs.map((name) => `the link /var/vcap/jobs/${name}`),
		...probe.wrongPackages.map((name) => `the link /var/vcap/packages/${name}`),
	];
	const failing = probe.processes?.filter(isFailing);
	const active = probe.processes?.filter(({ monitored, pid = 0 }) => monitored || pid > 0) ?? [];
	const silent = applied ? ["the supervisor"] : [];
	return {
		reachable: true,
		missingFiles,
		failingProcesses: failing?.map(({ name }) => name) ?? silent,
		activeProcesses: active.map(({ name }) => name),
		unmounted: disk !== undefined && !probe.mounted,
		missingDisks: probe.missingDisks,
		bootstrapped: probe.bootstrapped,
	};
}
