import type { Owner } from "../../src/cpi/cpi.ts";
import { at, type Element, escapeXml, parseXml } from "./xml.ts";

/** The XML namespace of what davit keeps in a domain's metadata. It names the form; nothing is fetched from it. */
export const NAMESPACE = "urn:davit:libvirt:1";

/** How a guest finds the disk that is made with its VM. */
export const EPHEMERAL = { kind: "serial", serial: "davit-ephemeral" } as const;

/** One interface of a VM. */
export interface RecordedNic {
	/** The manifest's name. */
	readonly network: string;
	readonly mac: string;
	readonly ip?: string;
}

/** What a domain's metadata keep of a VM: JSON, since XML can't hold every character of a name. */
export interface VmRecord {
	readonly key: string;
	readonly owner: Owner;
	readonly name: string;
	readonly stemcell: string;
	readonly nics: readonly RecordedNic[];
	/** It has a disk of its own for what doesn't have to last. */
	readonly ephemeral: boolean;
	readonly metadata: Readonly<Record<string, string>>;
}

/** JSON without the few characters that JSON has and XML 1.0 hasn't. */
export function recordText(record: VmRecord): string {
	return JSON.stringify(record).replace(
		/[\u007f-\u009f\ufffe\uffff]/g,
		(char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
	);
}

export interface DomainDisk {
	readonly target: string;
	readonly volume: string;
}

/** A domain as libvirt has it. `live` is what a running one has, `kept` what it has after the next power-on. */
export interface Domain {
	readonly name: string;
	readonly record: VmRecord;
	/** `running`, `stopped`, or libvirt's own word. */
	readonly state: string;
	readonly live: readonly DomainDisk[];
	readonly kept: readonly DomainDisk[];
	/** Which of libvirt's networks each interface hangs on; undefined for a bridge. */
	readonly nics: readonly { readonly mac: string; readonly network: string | undefined }[];
}

function disksOf(domain: Element | undefined): readonly DomainDisk[] {
	return at(domain, "devices/disk").map((disk) => ({
		target: at(disk, "target")[0]?.attributes.dev ?? "",
		volume: at(disk, "source")[0]?.attributes.volume ?? "",
	}));
}

function recordOf(domain: Element | undefined): VmRecord | undefined {
	const holder = at(domain, "metadata")[0]?.children.find(({ attributes }) =>
		Object.values(attributes).includes(NAMESPACE),
	);
	if (!holder) return undefined;
	try {
		return JSON.parse(holder.text) as VmRecord;
	} catch {
		return undefined;
	}
}

/** Reads `dumpxml`, `dumpxml --inactive` and `domstate` of a domain; undefined if davit didn't make it. */
export function parseDomain(now: string, later: string, state: string): Domain | undefined {
	const [domain, inactive] = [parseXml(now), parseXml(later)];
	const record = recordOf(domain);
	if (!domain || !record) return undefined;
	const active = domain.attributes.id !== undefined;
	return {
		name: at(domain, "name")[0]?.text ?? "",
		record,
		state: active ? state : "stopped",
		live: active ? disksOf(domain) : [],
		kept: disksOf(inactive),
		nics: at(domain, "devices/interface").map((nic) => ({
			mac: at(nic, "mac")[0]?.attributes.address ?? "",
			network: at(nic, "source")[0]?.attributes.network,
		})),
	};
}

/** The cids' names of the persistent disks that a domain has, now or after its next power-on. */
export function attachedDisks({ live, kept }: Domain): readonly string[] {
	const names = [...live, ...kept].flatMap(({ volume }) => /^(disk-[0-9a-f]{15})\./.exec(volume)?.[1] ?? []);
	return [...new Set(names)];
}

/** Arguments of virsh's `metadata` that replace a domain's record. */
export function setRecordArguments(name: string, record: VmRecord): readonly string[] {
	const text = `<vm>${escapeXml(recordText(record))}</vm>`;
	return ["metadata", name, "--uri", NAMESPACE, "--key", "davit", "--set", text];
}
