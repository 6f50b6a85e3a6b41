import { expect, test } from "vitest";
import { attachedDisks, parseDomain } from "../../../../cpis/libvirt/domain.ts";
import { domainXml } from "../../../../cpis/libvirt/domain-xml.ts";
import { at, parseXml } from "../../../../cpis/libvirt/xml.ts";

const record = {
	key: "k",
	owner: { store: "s", deployment: "a\nb\t<플랫폼> 🚀 \u0007\ufffe" },
	name: "x/0\nsecond line",
	stemcell: "stemcell-0",
	nics: [{ network: "기본", mac: "52:54:00:00:00:01", ip: "10.0.0.5" }],
	ephemeral: true,
	metadata: { quotes: `it's "so"`, empty: "" },
};
const plan = {
	name: "vm-0123456789abcde",
	uuid: "00000000-0000-8000-8000-000000000000",
	record,
	type: "qemu",
	machine: "pc-i440fx-7.2",
	firmware: "bios",
	cpus: 2,
	memoryMib: 512,
	disks: [{ volume: "disk-0123456789abcde.qcow2", pool: "p", target: "vda", format: "qcow2", serial: "s" }],
	nics: [],
	consoleLog: "/pool/it's.log",
} as const;

test("what a domain says of a VM is read as it was written", () => {
	const xml = domainXml(plan);
	const running = xml.replace("<domain ", "<domain id='3' ");
	const domain = parseDomain(running, xml, "running");
	expect(domain).toMatchObject({ name: plan.name, record, state: "running", live: [{ target: "vda" }] });
	expect(domain && attachedDisks(domain)).toEqual(["disk-0123456789abcde"]);
	expect(parseDomain(xml, xml, "shut off")).toMatchObject({ state: "stopped", live: [] });
	expect(parseDomain(running, xml, "paused")).toMatchObject({ state: "paused" });
});

test("a domain that davit didn't make is none", () => {
	const other = "<domain><name>vm-0123456789abcde</name><metadata><x>{}</x></metadata></domain>";
	expect(parseDomain(other, other, "running")).toBeUndefined();
});

test("the title is one line; the console's log is named; PCI Express gets slots for disks to come", () => {
	const xml = parseXml(domainXml(plan));
	expect(at(xml, "title")[0]?.text).toBe("x/0 second line");
	expect(at(xml, "devices/serial/log")[0]?.attributes.file).toBe("/pool/it's.log");
	expect(at(xml, "devices/controller")).toEqual([]);
	expect(at(parseXml(domainXml({ ...plan, machine: "pc-q35-7.2" })), "devices/controller")).toHaveLength(16);
});
