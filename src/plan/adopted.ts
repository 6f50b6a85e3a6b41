import { createHash } from "node:crypto";
import { hostsDigest } from "../machine/names.ts";
import type { AppliedRecord, InstanceRecord, VmRecord } from "../state/state.ts";
import type { RenderedJob } from "../template/render.ts";
import { type DesiredInstance, shapeDigests } from "./desired.ts";
import type { EnteredVm } from "./found-vms.ts";

/** What is wanted of an instance, with what its jobs render to as far as that is known. */
export interface Wanted {
	readonly desired: DesiredInstance;
	readonly rendered: readonly RenderedJob[];
	readonly checksOf: (job: RenderedJob) => readonly string[];
}

/**
 * A found instance with what its VM was last brought to. What a VM does not tell (cloud properties, env) is taken to be as it is wanted, and so is what a
 * job was rendered from if its files are those that it renders to by now; what differs is recorded so that the next deploy sees it.
 */
export function adoptedRecord(record: InstanceRecord, from: EnteredVm, wanted: Wanted | undefined): InstanceRecord {
	const applied = appliedOf(from, wanted);
	if (!record.vm || !wanted) return { ...record, applied };
	return { ...record, vm: { ...record.vm, shape: shapeOf(record, from, wanted.desired) }, applied };
}

/** What can be seen of a VM's shape is its stemcell and its addresses. */
function shapeOf({ ips }: InstanceRecord, { identity }: EnteredVm, { shape }: DesiredInstance): VmRecord["shape"] {
	const digests = shapeDigests(shape);
	const networks = Object.entries(shape.networks);
	const sameNetworks =
		networks.length === Object.keys(identity.networks).length &&
		networks.every(([name, { ip }]) => name in identity.networks && (ip === undefined || ip === ips[name]));
	return {
		...digests,
		stemcell: identity.stemcell,
		network: sameNetworks ? (digests.network ?? "") : "as it was found",
	};
}

function appliedOf(from: EnteredVm, wanted: Wanted | undefined): AppliedRecord {
	const { identity } = from;
	const jobs = Object.entries(identity.jobs).map(([name, output]) => [
		name,
		jobOf(name, output, identity.files, wanted),
	]);
	return {
		jobs: Object.fromEntries(jobs),
		packages: identity.packages,
		names: wanted && hasNames(from, wanted.desired) ? wanted.desired.names : "",
		tags: from.vm.metadata,
		postDeployed: true,
	};
}

function jobOf(
	name: string,
	output: string,
	files: ReadonlyMap<string, string>,
	wanted: Wanted | undefined,
): AppliedRecord["jobs"][string] {
	const job = wanted?.desired.jobs.find((each) => each.job.name === name);
	const rendered = wanted?.rendered.find((each) => each.job === name);
	if (!wanted || !job) return { release: "", fingerprint: "", input: "", output, files: [] };
	const same = job.output === output || (rendered !== undefined && isOnVm(rendered, files));
	return {
		...{ release: job.job.release, fingerprint: job.job.fingerprint, output },
		input: same ? (job.input ?? "") : "",
		files: rendered?.files.map(({ path }) => path) ?? [],
		...(rendered ? { checks: wanted.checksOf(rendered) } : {}),
	};
}

function isOnVm({ job, files, monit, extraMonit = [] }: RenderedJob, found: ReadonlyMap<string, string>): boolean {
	const all = [
		...files.map(({ path, content }) => [path, content] as const),
		["monit", monit] as const,
		...extraMonit.map(({ file, content }) => [file, content] as const),
	];
	return all.every(([path, content]) => found.get(`${job}/${path}`) === sha256(content));
}

/** The names of the others as they are wanted by now. */
function hasNames({ probe }: EnteredVm, { hosts, records }: DesiredInstance): boolean {
	return probe.hosts === hostsDigest(hosts) && (records === undefined || probe.records === sha256(records));
}

function sha256(text: string): string {
	return createHash("sha256").update(text).digest("hex");
}
