import { posix } from "node:path";
import { compact, optional, section, text } from "./section.ts";

/** A release as the manifest names it; `url` is still as written. */
export const release = section(
	{
		name: text,
		version: text,
		url: optional(text),
		sha1: optional(text),
		stemcell: optional(section({ os: text, version: text })),
	},
	{ notYet: { exported_from: "name the compiled release by url, sha1 and stemcell" } },
).transform(({ name, version, url, sha1, stemcell }) => ({ name, version, ...compact({ url, sha1, stemcell }) }));

/** A stemcell by os or by name. */
export const stemcell = section({ alias: text, os: optional(text), name: optional(text), version: text }).transform(
	({ alias, os, name, version }) => ({ alias, version, ...compact({ os, name }) }),
);

/** A URL stays; a path is taken from the manifest's folder. */
export function resolveUrl(url: string, folder: string): string {
	return /^[a-z][a-z0-9+.-]*:/i.test(url) ? url : posix.resolve(folder, url);
}
