/**
 * A boot sector that does what the CPI's verbs need of a guest, and nothing else: it answers the power button (ACPI's PM1
 * registers of QEMU's machine "pc", at 0x600) by turning itself off, and lets go of disks that are taken out (QEMU's
 * docs/specs/acpi_pci_hotplug.txt, at 0xae00). Between two looks it sleeps until the timer ticks.
 */
const code = [
	"fa", // cli
	"ba0206b80001ef", // out 0x602, 0x100: tell of the power button
	"fb", // again: sti
	"6631c0ba10ae66ef", // out 0xae10, 0: bus 0
	"ba04ae66ed6685c07405", // in eax, 0xae04; none asked to go: skip
	"ba08ae66ef", // out 0xae08, eax: they are gone
	"ba0006edf6c4017407", // in ax, 0x600; button not pressed: skip
	"ba0406b80020ef", // out 0x604, 0x2000: off
	"fbf4ebd4", // sti; hlt; jmp again
].join("");

/** Where the text begins; the code is shorter. */
const TEXT_AT = 0x80;

/** Writes the text on the first serial port, before all else. */
const speak = [
	"31c08ed8fc", // ds = 0
	"be807c", // mov si, 0x7c80: TEXT_AT
	"baf803", // mov dx, 0x3f8
	"ac84c07403eeebf8", // again: lodsb; 0: on; out dx, al; jmp again
].join("");

/** A raw disk image of 1 MiB that boots it. What it says on its console: ASCII, at most 381 characters. */
export function tinyGuestImage(says = ""): Buffer {
	const image = Buffer.alloc(2 ** 20);
	image.set(Buffer.from(speak + code, "hex"));
	image.write(says, TEXT_AT, "latin1");
	image.set([0x55, 0xaa], 510);
	return image;
}
