import { heredoc, quote } from "../../machine/shell.ts";
import { disabledUnits, earlyFiles, type ImageFile, imageFiles, maskedUnits } from "./image-files.ts";
import type { Arch, ImageKind, OperatingSystem } from "./operating-system.ts";

/** Shell that mmdebstrap runs with the tree's folder as `$1`, as the tree's root. */
export interface Hooks {
	/** Before the packages beyond the essential ones. */
	readonly early: string;
	/** When all packages are there. */
	readonly late: string;
}

const SERVICES = `for unit in systemd-networkd systemd-resolved ssh; do chroot "$1" systemctl enable --quiet $unit.service; done
for unit in ${disabledUnits}; do chroot "$1" systemctl disable --quiet $unit 2>/dev/null || true; done
`;

/** The id 1000 stays free for vcap, whichever users cloud-init makes. */
const IDS = `sed -i -E 's/^((UID|GID)_MIN[[:space:]]+)1000$/\\11001/' "$1"/etc/login.defs
`;

/** Nothing that this machine or this moment left in the tree, and nothing that two guests must not share. */
const CLEAN = `rm -f "$1"/etc/ssh/ssh_host_* "$1"/etc/.resolv.conf.* "$1"/etc/apt/sources.list.d/* "$1"/etc/*- "$1"/var/lib/systemd/random-seed
rm -f "$1"/var/lib/dbus/machine-id "$1"/var/cache/ldconfig/aux-cache "$1"/boot/grub/grubenv "$1"/vmlinuz.old "$1"/initrd.img.old
rm -rf "$1"/var/cache/debconf/*-old "$1"/var/lib/dpkg/*-old "$1"/var/lib/cloud/* "$1"/var/cache/man
find "$1"/var/log -type f -delete
ln -sfT ../run/systemd/resolve/stub-resolv.conf "$1"/etc/resolv.conf
: >"$1"/etc/machine-id
sed -i '/SOURCE_DATE_EPOCH/d' "$1"/etc/initramfs-tools/conf.d/davit
sed -i -E 's/^([^:]*:[^:]*:)[0-9]+:/\\119000:/' "$1"/etc/shadow
mkdir -p "$1"/boot/efi
`;

/** `epoch`: what scripts of packages may take for now, in seconds since 1970. */
export function hooksFor(os: OperatingSystem, arch: Arch, kind: ImageKind, epoch: number): Hooks {
	const date = `printf 'export SOURCE_DATE_EPOCH=%s\\n' ${epoch} >>"$1"/etc/initramfs-tools/conf.d/davit\n`;
	const masked = maskedUnits[kind].map((unit) => `ln -sfT /dev/null "$1"/etc/systemd/system/${unit}\n`);
	const files = imageFiles(os, arch, kind).map(written);
	return {
		early: ["set -eu\n", ...earlyFiles().map(written), date].join(""),
		late: ["set -eu\n", ...files, ...masked, SERVICES, kind === "prepared" ? IDS : "", CLEAN].join(""),
	};
}

function written({ path, text }: ImageFile): string {
	const folder = path.slice(0, path.lastIndexOf("/"));
	const to = `"$1"${quote(path)}`;
	return `mkdir -p "$1"${quote(folder)}\n${heredoc(`cat >${to}`, text)}\nchmod 0644 ${to}\n`;
}
