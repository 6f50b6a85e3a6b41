import type { Arch, ImageKind } from "./operating-system.ts";

/** Run by GRUB before it has a configuration: it finds that by the file system's label, wherever the disk is. */
export const EARLY_CONFIG = `search.fs_label root root
set prefix=($root)/boot/grub
`;

/** What GRUB needs to find, read and start a Linux; all of it is in the one image, so that nothing of it is on the root file system. */
const MODULES = [
	"part_gpt",
	"ext2",
	"search",
	"search_label",
	"normal",
	"configfile",
	"linux",
	"echo",
	"test",
	"serial",
];

export interface GrubTarget {
	/** GRUB's name of the platform, which is its folder's too. */
	readonly format: "i386-pc" | "x86_64-efi" | "arm64-efi";
	readonly modules: readonly string[];
	/** The Debian package with that folder. */
	readonly package: string;
	/** The file on the ESP that firmware starts without being told (UEFI specification 2.10, 3.5.1.1). */
	readonly removable?: string;
}

export const grubTargets: Readonly<Record<Arch, readonly GrubTarget[]>> = {
	amd64: [
		{ format: "i386-pc", modules: ["biosdisk", ...MODULES], package: "grub-pc-bin" },
		{ format: "x86_64-efi", modules: MODULES, package: "grub-efi-amd64-bin", removable: "BOOTX64.EFI" },
	],
	arm64: [{ format: "arm64-efi", modules: MODULES, package: "grub-efi-arm64-bin", removable: "BOOTAA64.EFI" }],
};

/** `grub-mkimage` for one platform. */
export function mkimageArgv(target: GrubTarget, early: string, output: string): readonly string[] {
	return [
		"grub-mkimage",
		...["--format", target.format, "--output", output, "--config", early, "--prefix", "/boot/grub"],
		...target.modules,
	];
}

/** Interfaces are called eth0 as on BOSH's stemcells (stemcell_builder/stages/image_install_grub). */
const BOSH_NAMES = " net.ifnames=0 biosdevname=0";

/** The static /boot/grub/grub.cfg. Debian keeps the links to the newest kernel in /, Ubuntu in /boot. */
export function grubConfig(arch: Arch, kind: ImageKind): string {
	const serial = arch === "amd64" ? "ttyS0,115200n8" : "ttyAMA0,115200n8";
	const names = kind === "prepared" ? BOSH_NAMES : "";
	const options = `root=LABEL=root ro console=tty0 console=${serial}${names}`;
	return `set timeout=0
if [ -e /vmlinuz ]; then
  linux /vmlinuz ${options}
  initrd /initrd.img
else
  linux /boot/vmlinuz ${options}
  initrd /boot/initrd.img
fi
boot
`;
}
