import { createHash } from "node:crypto";

export type Kind = "vm" | "disk" | "snapshot" | "stemcell";

/** So many that `disk-…` fits into the 20 characters of a virtio disk's serial. */
const DIGITS = 15;

function digest(text: string): string {
	return createHash("sha256").update(text).digest("hex");
}

/** The name at libvirt of what is made with a key: the same key gives the same one. */
export function nameOf(kind: Kind, key: string): string {
	return `${kind}-${digest(key).slice(0, DIGITS)}`;
}

/** A domain's UUID, derived from the key as its name is (RFC 9562, version 8). */
export function uuidOf(key: string): string {
	const hex = digest(`uuid ${key}`);
	return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** The hardware address of the nth interface of the VM with this name, in QEMU's own range. */
export function macOf(name: string, index: number): string {
	const hex = digest(`mac ${index} ${name}`);
	return `52:54:00:${hex.slice(0, 2)}:${hex.slice(2, 4)}:${hex.slice(4, 6)}`;
}

/** Where something is: its name at libvirt, and the host's name if the cloud has several. */
export interface Location {
	readonly name: string;
	readonly host: string | undefined;
}

export function cidOf({ name, host }: Location): string {
	return host === undefined ? name : `${name}.${host}`;
}

/** Any text may be asked for as a cid; only our own form is looked for. */
export function parseCid(kind: Kind, cid: string): Location | undefined {
	const [, name, host] = new RegExp(`^(${kind}-[0-9a-f]{${DIGITS}})(?:\\.(.+))?$`).exec(cid) ?? [];
	return name === undefined ? undefined : { name, host };
}

/** The volumes that a VM has for itself. */
export function vmVolumes(name: string) {
	return {
		root: `${name}.root.qcow2`,
		ephemeral: `${name}.ephemeral.qcow2`,
		seed: `${name}.seed.iso`,
		console: `${name}.console.log`,
	} as const;
}
