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

/** A raw disk image of 1 MiB that boots it. */
export function tinyGuestImage(): Buffer {
	const image = Buffer.alloc(2 ** 20);
	image.set(Buffer.from(code, "hex"));
	image.set([0x55, 0xaa], 510);
	return image;
}
