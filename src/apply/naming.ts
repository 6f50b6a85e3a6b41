import { digestOf } from "../digest.ts";
import { hostsScript, recordsScript } from "../machine/names.ts";
import type { DesiredInstance } from "../plan/desired.ts";
import type { InstanceName, Plan, Step } from "../plan/step.ts";
import type { ApplyContext } from "./context.ts";
import { runScript } from "./run-script.ts";

/** What the VMs of a deployment call each other while a plan moves some of them to other addresses. */
export interface Naming {
	/** Instances that are swapped in the plan: until then names lead to where they were. */
	readonly swapped: readonly InstanceName[];
	/** Digest of the names that were last written, by instance. */
	readonly written: Map<InstanceName, string>;
	/** The last write of each instance: the next one waits for it. */
	readonly writing: Map<InstanceName, Promise<void>>;
}

/** Nothing is written yet. */
export function namingOf({ steps }: Plan): Naming {
	const swapped = steps.flatMap(({ kind, instance }) =>
		kind === "swap-vm" && instance !== undefined ? [instance] : [],
	);
	return { swapped, written: new Map(), writing: new Map() };
}

/** Writes the names of the others, as they are at this moment, to an instance's VM. */
export async function writeNames(
	step: Step & { readonly instance: InstanceName },
	context: ApplyContext,
): Promise<void> {
	const { instance } = step;
	const before = context.naming?.writing.get(instance);
	const writing = (before ?? Promise.resolve()).catch(() => {}).then(() => write(step, context));
	context.naming?.writing.set(instance, writing);
	await writing;
}

async function write(step: Step & { readonly instance: InstanceName }, context: ApplyContext): Promise<void> {
	const { records, store, lease, naming } = context;
	const desired = context.desired.get(step.instance);
	if (!desired) throw new Error(`no desired instance ${step.instance}`);
	const { hosts, records: dnsRecords, names } = namesNow(desired, context);
	await runScript(context, step, hostsScript(hosts), "names-not-written");
	if (dnsRecords !== undefined)
		await runScript(context, step, recordsScript(), "names-not-written", { stdin: async () => dnsRecords });
	naming?.written.set(step.instance, names);
	const { applied } = records.get(step.instance);
	if (applied && applied.names !== names)
		await store.write(lease.fence, [records.update(step.instance, { applied: { ...applied, names } })]);
}

/** True if this run has written to the instance's VM what is so at this moment. */
export function namesAreWritten(instance: InstanceName, context: ApplyContext): boolean {
	const desired = context.desired.get(instance);
	return desired !== undefined && context.naming?.written.get(instance) === namesNow(desired, context).names;
}

type Names = Pick<DesiredInstance, "hosts" | "records" | "names">;

function namesNow({ hosts, records: text, names }: DesiredInstance, context: ApplyContext): Names {
	const former = formerAddresses(context);
	const whole = { hosts, names, ...(text === undefined ? {} : { records: text }) };
	if (former.size === 0) return whole;
	const line = (each: string) => each.replace(/^\S+/, (ip) => former.get(ip) ?? ip);
	const now = {
		hosts: hosts.split("\n").map(line).join("\n"),
		...(text === undefined
			? {}
			: { records: text.replace(/"([\da-f.:]+)"/gi, (all, ip) => quoted(former.get(ip)) ?? all) }),
	};
	return { ...now, names: digestOf({ hosts: now.hosts, records: now.records }) };
}

function quoted(ip: string | undefined): string | undefined {
	return ip === undefined ? undefined : `"${ip}"`;
}

/** By the address that it is to have: the address of each instance that has not been swapped yet. */
function formerAddresses({ naming, desired, records }: ApplyContext): ReadonlyMap<string, string> {
	const pairs = (naming?.swapped ?? []).flatMap((name) => {
		const now = records.find(name)?.ips ?? {};
		return Object.entries(desired.get(name)?.placed.networks ?? {}).flatMap(([network, { ip }]) => {
			const has = now[network];
			return ip === undefined || has === undefined || has === ip ? [] : [[ip, has] as const];
		});
	});
	return new Map(pairs);
}
