import { resolve } from "node:path";
import { problem, UserError } from "../../errors.ts";
import { contentProblem, contentsOf } from "../../release/compare.ts";
import { releaseFromIndex } from "../../release/from-index.ts";
import { indexReleaseAt } from "../../release/open-release.ts";
import { type Command, text } from "../command.ts";
import { openBlobs, openSources } from "../session/releases.ts";

export const command: Command = {
	arguments: "<release>",
	options: [
		{ flags: "--sha1 <digest>", about: "what the file must be: a SHA-1, or sha256:… or sha512:…" },
		{ flags: "--fix", about: "take the place of one of the same name and version that has other content" },
	],
	help: `Keeps a release's tarball, or what an http(s):// URL leads to, whole on this machine: a manifest that names it by name and version needs no url then,
and a deploy fetches nothing. davit has no director: nobody else gets it. A release folder needs no upload.`,
	run: async ([given], options, context) => {
		const url = /^[a-z][a-z0-9+.-]+:/i.test(String(given)) ? String(given) : resolve(context.cwd, String(given));
		const blobs = await openBlobs(context);
		const sources = openSources(blobs, context);
		const index = await indexReleaseAt(url, text(options, "sha1"), sources);
		const release = releaseFromIndex(index, blobs);
		const { name, version } = release;
		for (const warning of release.warnings ?? []) context.emit({ type: "problem", problem: warning });
		const there = await sources.uploaded.get(name, version);
		const changed = there && contentProblem(contentsOf(releaseFromIndex(there, blobs)), release);
		if (changed && options.fix !== true)
			throw new UserError(
				problem("release-there", `release ${name}/${version} is there with other content`, {
					hint: "give it another version, or take its place with --fix",
				}),
			);
		await sources.uploaded.put(index);
		const counts = { jobs: release.jobs.size, packages: release.packages.size };
		const state = there && !changed ? "there already" : "kept";
		const columns = ["release", "version", "jobs", "packages", "state"];
		context.emit({ type: "table", name: "uploaded", columns, rows: [{ release: name, version, ...counts, state }] });
		return 0;
	},
};
