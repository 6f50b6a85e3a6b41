/** What an image is built for. */
export type Arch = "amd64" | "arm64";

/** A prepared image has what BOSH stemcells promise to releases; a plain one is like the distribution's own cloud image. */
export type ImageKind = "plain" | "prepared";

/** A release of a distribution, as its archive and its packages name things. */
export interface OperatingSystem {
	readonly name: string;
	readonly distribution: "debian" | "ubuntu";
	/** The codename, which is the suite in the archive. */
	readonly suite: string;
}

/** All that can be built. */
export const operatingSystems: readonly OperatingSystem[] = [
	{ name: "debian-12", distribution: "debian", suite: "bookworm" },
	{ name: "debian-13", distribution: "debian", suite: "trixie" },
	{ name: "ubuntu-22.04", distribution: "ubuntu", suite: "jammy" },
	{ name: "ubuntu-24.04", distribution: "ubuntu", suite: "noble" },
	{ name: "ubuntu-26.04", distribution: "ubuntu", suite: "resolute" },
];

/** `debian-12-amd64`, or `debian-12-amd64-plain`: the image's file name without its ending. */
export function imageName({ name }: OperatingSystem, arch: Arch, kind: ImageKind): string {
	return `${name}-${arch}${kind === "plain" ? "-plain" : ""}`;
}

/** The kernel for guests: with virtio, NVMe and the clouds' devices, without hardware's. */
export function kernelPackage({ distribution }: OperatingSystem, arch: Arch): string {
	return distribution === "debian" ? `linux-image-cloud-${arch}` : "linux-image-virtual";
}
