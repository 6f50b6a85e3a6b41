import { digestOf } from "../../digest.ts";
import type { Arch, ImageKind } from "./operating-system.ts";

/** The file beside an image: `debian-12-amd64.json`. */
export interface ImageDescription {
	readonly os: string;
	readonly arch: Arch;
	readonly kind: ImageKind;
	/** Same packages and same builder, same version. */
	readonly version: string;
	/** Of the qcow2 file, in hex. */
	readonly sha256: string;
	/** Of all that the build was asked for: another one makes another image. */
	readonly inputs: string;
	/** Every package with its version, by name; `name:arch` where it is not the image's own. */
	readonly packages: Readonly<Record<string, string>>;
}

/** Installed packages of a dpkg status file (dpkg(1)), sorted by name. */
export function installedPackages(status: string, arch: Arch): Record<string, string> {
	const packages = status.split("\n\n").flatMap((stanza): [string, string][] => {
		const field = (name: string) => new RegExp(`^${name}: (.+)$`, "m").exec(stanza)?.[1];
		const [name, version, of] = [field("Package"), field("Version"), field("Architecture")];
		if (name === undefined || version === undefined || !/^install(ed)? ok installed$/.test(field("Status") ?? ""))
			return [];
		return [[of === arch || of === "all" ? name : `${name}:${of}`, version]];
	});
	return Object.fromEntries(packages.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Twelve hex digits of the packages and of what the builder makes of them. */
export function versionOf(packages: Readonly<Record<string, string>>, builder: unknown): string {
	return digestOf({ packages, builder }).slice(0, 12);
}

/** An identifier in UUID form (RFC 9562, version 8) that depends on the version and what it is for. */
export function uuidFor(version: string, purpose: string): string {
	const hex = digestOf({ version, purpose });
	const variant = (8 + (Number.parseInt(hex.charAt(16), 16) % 4)).toString(16);
	return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
