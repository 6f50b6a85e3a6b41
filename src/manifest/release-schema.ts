import { posix } from "node:path";
import { compact, optional, section, text } from "./section.ts";

/** A release as the manifest names it; `url` is still as written. */
export const release = section(
	{
		name: text.describe("The name that jobs give as their release."),
		version: text.describe("The version; latest: the newest that url has; create: built from the folder at url."),
		url: optional(text).describe("http(s) or file address, or a path (tarball or folder) from the manifest's folder."),
		sha1: optional(text).describe("Digest of the tarball: SHA-1 in hex, or sha256: and hex."),
		stemcell: optional(
			section({ os: text.describe("Operating system of that stemcell."), version: text.describe("Its version.") }),
		).describe("For a compiled release: the stemcell that it was compiled on."),
	},
	{ notYet: { exported_from: "name the compiled release by url, sha1 and stemcell" } },
).transform(({ name, version, url, sha1, stemcell }) => ({ name, version, ...compact({ url, sha1, stemcell }) }));

/** A stemcell by os or by name. */
export const stemcell = section({
	alias: text.describe("The name that instance groups use."),
	os: optional(text).describe("Operating system, such as ubuntu-jammy; or give name."),
	name: optional(text).describe("Full stemcell name; or give os."),
	version: text.describe("Exact, latest, or PREFIX.latest."),
}).transform(({ alias, os, name, version }) => ({ alias, version, ...compact({ os, name }) }));

/** A URL stays; a path is taken from the manifest's folder. */
export function resolveUrl(url: string, folder: string): string {
	return /^[a-z][a-z0-9+.-]*:/i.test(url) ? url : posix.resolve(folder, url);
}
