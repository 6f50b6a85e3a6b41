import { NAMESPACE, recordText, type VmRecord } from "./domain.ts";
import type { Nic } from "./nics.ts";
import { escapeXml } from "./xml.ts";

/** A disk of a domain: a volume of the host's pool. */
export interface DiskPlan {
	readonly volume: string;
	readonly pool: string;
	readonly target: string;
	readonly format: "qcow2" | "raw";
	/** What the guest sees as the disk's serial: at most 20 characters (the virtio specification, 5.2.6). */
	readonly serial: string;
	readonly readOnly?: boolean;
}

export interface DomainPlan {
	readonly name: string;
	readonly uuid: string;
	readonly record: VmRecord;
	readonly type: "kvm" | "qemu";
	readonly machine: string;
	readonly firmware: "bios" | "efi";
	readonly cpus: number;
	readonly memoryMib: number;
	readonly disks: readonly DiskPlan[];
	readonly nics: readonly Nic[];
	/** Where the host keeps what the VM writes on its serial console. */
	readonly consoleLog: string | undefined;
}

/** The element of one disk, as attach-device and define take it. */
export function diskXml({ volume, pool, target, format, serial, readOnly }: DiskPlan): string {
	return `<disk type='volume' device='disk'>
<driver name='qemu' type='${format}'/>
<source pool='${escapeXml(pool)}' volume='${escapeXml(volume)}'/>
<target dev='${escapeXml(target)}' bus='virtio'/>
<serial>${escapeXml(serial)}</serial>${readOnly ? "\n<readonly/>" : ""}
</disk>`;
}

function nicXml({ mac, source, mtu }: Nic): string {
	return `<interface type='${source.type}'>
<mac address='${escapeXml(mac)}'/>
<source ${source.type}='${escapeXml(source.name)}'/>
<model type='virtio'/>${mtu === undefined ? "" : `\n<mtu size='${mtu}'/>`}
</interface>`;
}

/** Machines with PCI Express have a free slot for a disk only where a root port waits for it. Source: libvirt.org/pci-hotplug.html. */
function spareSlots(machine: string): string {
	if (/^pc(-i440fx.*)?$/.test(machine)) return "";
	return `\n${Array.from({ length: 16 }, () => "<controller type='pci' model='pcie-root-port'/>").join("\n")}`;
}

/** A title is one line, for whoever looks with virsh; the name as it was given is in the record. */
function title(name: string): string {
	return [...name.replace(/[\p{Cc}\p{Cs}\ufffe\uffff]/gu, " ")].slice(0, 100).join("");
}

/** The domain that a VM is. Source: libvirt.org/formatdomain.html. */
export function domainXml(plan: DomainPlan): string {
	const { name, uuid, record, type, machine, firmware, cpus, memoryMib, disks, nics, consoleLog } = plan;
	const log = consoleLog === undefined ? "" : `<log file='${escapeXml(consoleLog)}' append='on'/>`;
	return `<domain type='${type}'>
<name>${escapeXml(name)}</name>
<uuid>${uuid}</uuid>
<title>${escapeXml(title(record.name))}</title>
<metadata><davit:vm xmlns:davit='${NAMESPACE}'>${escapeXml(recordText(record))}</davit:vm></metadata>
<memory unit='MiB'>${memoryMib}</memory>
<vcpu>${cpus}</vcpu>
<os${firmware === "efi" ? " firmware='efi'" : ""}><type machine='${escapeXml(machine)}'>hvm</type><boot dev='hd'/></os>
<features><acpi/></features>
<cpu mode='${type === "kvm" ? "host-passthrough" : "maximum"}'/>
<clock offset='utc'/>
<on_poweroff>destroy</on_poweroff><on_reboot>restart</on_reboot><on_crash>restart</on_crash>
<devices>
${[...disks.map(diskXml), ...nics.map(nicXml)].join("\n")}${spareSlots(machine)}
<serial type='pty'>${log}<target port='0'/></serial>
<console type='pty'><target type='serial' port='0'/></console>
<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
<memballoon model='none'/>
</devices>
</domain>
`;
}
