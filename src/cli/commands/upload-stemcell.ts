import { rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { problem, UserError } from "../../errors.ts";
import type { BoshStemcell } from "../../stemcell/bosh/archive.ts";
import { boshStemcellProblems } from "../../stemcell/bosh/fits.ts";
import type { UploadedStemcell } from "../../stemcell/uploaded.ts";
import { type CliContext, type Command, type Options, text } from "../command.ts";
import { keptBoshStemcell } from "../session/bosh-stemcells.ts";
import { openBlobs, openSources } from "../session/releases.ts";
import { openUploadedStemcells } from "../session/stemcells.ts";

export const command: Command = {
	arguments: "<stemcell>",
	options: [
		{ flags: "--sha1 <digest>", about: "what the file must be: a SHA-1, or sha256:… or sha512:…" },
		{ flags: "--name <name>", about: "with --version: nothing is fetched if that one is there already" },
		{ flags: "--version <version>", about: "with --name: nothing is fetched if that one is there already" },
		{ flags: "--fix", about: "take the place of one of the same name and version" },
	],
	help: `Keeps a BOSH stemcell's tarball, light or heavy, or what an http(s):// URL leads to, on this machine: a manifest that names its os and version
boots it then, where no --stemcell and no cloud file says otherwise. davit has no director: nobody else gets it, and a cloud gets it with the first deploy.`,
	run: async ([given], options, context) => {
		const uploaded = openUploadedStemcells(context);
		const there = await uploaded.list();
		const known = there.find(
			({ name, version }) => name === text(options, "name") && version === text(options, "version"),
		);
		if (known && options.fix !== true) return show(known, "there already", context);
		const { path, isDownload } = await fetch(String(given), options, context);
		const stemcell = await keptBoshStemcell(path, join(context.home, "cache/stemcells"));
		refuseUnfit(stemcell, options, String(given));
		const same = there.find(({ name, version }) => name === stemcell.name && version === stemcell.version);
		if (same && options.fix !== true) {
			if (same.sha1 === stemcell.sha1 && same.light === stemcell.light) return show(stemcell, "there already", context);
			throw new UserError(
				problem("stemcell-there", `stemcell ${stemcell.name}/${stemcell.version} is there with another image`, {
					hint: "take its place with --fix",
				}),
			);
		}
		await uploaded.put(stemcell, path);
		if (isDownload) await rm(path, { force: true });
		return show(stemcell, "kept", context);
	},
};

async function fetch(
	given: string,
	options: Options,
	context: CliContext,
): Promise<{ readonly path: string; readonly isDownload: boolean }> {
	const isUrl = /^[a-z][a-z0-9+.-]+:/i.test(given);
	const url = isUrl ? given : pathToFileURL(resolve(context.cwd, given)).href;
	const sources = openSources(await openBlobs(context), context);
	if (!isUrl && (await sources.kindOf(resolve(context.cwd, given))) !== "file")
		throw new UserError(
			problem("no-stemcell-file", `there is no file at ${resolve(context.cwd, given)}`, {
				hint: "give the .tgz of a published BOSH stemcell, or a URL that leads to one",
			}),
		);
	const checksum = text(options, "sha1");
	const path = await sources.fetch(url, { identity: url, ...(checksum === undefined ? {} : { checksum }) });
	return { path, isDownload: !url.startsWith("file:") };
}

/** Refuses another one than was asked for, and one whose agent davit can't speak with. */
function refuseUnfit(stemcell: BoshStemcell, options: Options, given: string): void {
	const { name, os, version } = stemcell;
	const wanted = { os: text(options, "name") ?? os, version: text(options, "version") ?? version };
	const found = boshStemcellProblems(stemcell, wanted, { name: "", stemcellFormats: [] }, given);
	const problems = found.map((each) =>
		each.code === "stemcell-differs"
			? problem("stemcell-differs", `${given} holds ${name}/${version}, not ${wanted.os}/${wanted.version}`, {
					hint: "give the --name and --version that it has, or leave them out",
				})
			: each,
	);
	if (problems.length > 0) throw new UserError(problems);
}

function show(
	{ name, os, version, light, formats }: Omit<UploadedStemcell, "file" | "size" | "sha1">,
	state: string,
	{ emit }: CliContext,
): number {
	const columns = ["stemcell", "name", "image", "formats", "state"];
	const row = { stemcell: `${os}/${version}`, name, image: light ? "light" : "heavy", formats, state };
	emit({ type: "table", name: "uploaded", columns, rows: [row] });
	return 0;
}
