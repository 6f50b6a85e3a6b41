import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Call } from "../../src/cpi/call.ts";
import { type Domain, parseDomain } from "./domain.ts";
import { type Host, on } from "./host.ts";
import { parseRecord, recordVolumes, type VolumeRecord } from "./records.ts";
import { withFolder } from "./temporary.ts";
import { type Answer, must } from "./virsh.ts";

export interface StoredRecord {
	readonly record: VolumeRecord;
	/** The volumes that hold its generations, the newest first. */
	readonly volumes: readonly string[];
}

/** What a host has of davit's, whoever owns it. */
export interface Observed {
	/** Names of all volumes of the pool. */
	readonly volumes: ReadonlySet<string>;
	readonly domains: readonly Domain[];
	readonly records: ReadonlyMap<string, StoredRecord>;
}

interface Wanted {
	readonly domains?: (name: string) => boolean;
	readonly records?: (name: string) => boolean;
}

export const ALL = () => true;

const DOMAIN = /^vm-[0-9a-f]{15}$/;

/** Asks a host for its volumes, and for those domains and records that are wanted: two connections. */
export async function observe(call: Call, host: Host, { domains, records }: Wanted): Promise<Observed> {
	const { pool } = host.config;
	call.doing(`host ${host.connection.host} told what it has`);
	const first = await on(call, host, [
		["vol-list", pool],
		["list", "--all", "--name"],
	]);
	must(call, host.connection, first);
	const volumes = new Set((first[0]?.out ?? "").split("\n").map((line) => line.trim().split(/\s/)[0] ?? ""));
	const names = (first[1]?.out ?? "").split("\n").filter((name) => DOMAIN.test(name) && domains?.(name));
	const stored = [...recordVolumes(volumes)].filter(([name]) => records?.(name));
	if (names.length + stored.length === 0) return { volumes, domains: [], records: new Map() };
	return withFolder(async (folder) => {
		const files = stored.flatMap(([, list]) => list);
		const found = await on(call, host, [
			...names.flatMap((name) => [
				["dumpxml", name],
				["dumpxml", "--inactive", name],
				["domstate", name],
			]),
			...files.map((volume) => ["vol-download", "--pool", pool, "--vol", volume, "--file", join(folder, volume)]),
		]);
		return {
			volumes,
			domains: names.flatMap((_, index) => domainOf(found.slice(index * 3, index * 3 + 3)) ?? []),
			records: await readRecords(folder, stored),
		};
	});
}

/** A domain that went meanwhile is none. */
function domainOf([now, later, state]: readonly Answer[]): Domain | undefined {
	if (!now || !later || !state || now.error !== undefined) return undefined;
	return parseDomain(now.out, later.out, state.out);
}

async function readRecords(
	folder: string,
	stored: readonly (readonly [string, readonly string[]])[],
): Promise<ReadonlyMap<string, StoredRecord>> {
	const found = new Map<string, StoredRecord>();
	for (const [name, volumes] of stored)
		for (const volume of volumes) {
			const text = await readFile(join(folder, volume), "utf8").catch(() => "");
			const record = parseRecord(text);
			if (!record) continue;
			found.set(name, { record, volumes });
			break;
		}
	return found;
}

/** One domain of a host. */
export async function readDomain(call: Call, host: Host, name: string): Promise<Domain | undefined> {
	const found = await on(call, host, [
		["dumpxml", name],
		["dumpxml", "--inactive", name],
		["domstate", name],
	]);
	must(call, host.connection, found, /failed to get domain/);
	return domainOf(found);
}
