import { join, resolve } from "node:path";
import { writeRelease } from "../../blobs/write-release.ts";
import { type Command, text } from "../command.ts";
import { fetchNotes } from "../session/fetch-notes.ts";
import { arch, openBlobs } from "../session/releases.ts";

export const command: Command = {
	arguments: "[folder]",
	options: [
		{ flags: "--name <name>", about: "default: what config/final.yml says" },
		{ flags: "--version <version>", about: "default: made from the content, the same each time" },
		{ flags: "--tarball <file>", about: "write the release there; ((name)) and ((version)) in it are filled in" },
		{ flags: "--force", about: "go on although the folder has changes that aren't committed" },
	],
	help: `Makes a dev release from a release folder (default: this one). Nothing is written into the folder; the same content gives the same tarball.

Example: davit create-release releases/min-platform --tarball '((name))-((version)).tgz'`,
	run: async ([folder], options, context) => {
		const [name, version, tarball] = ["name", "version", "tarball"].map((option) => text(options, option));
		const { created, tarball: written } = await writeRelease(resolve(context.cwd, String(folder ?? ".")), {
			force: options.force === true,
			cacheFolder: join(context.home, "cache"),
			arch,
			signal: context.signal,
			onProgress: fetchNotes(context.clock, context.emit),
			store: await openBlobs(context),
			...(name === undefined ? {} : { name }),
			...(version === undefined ? {} : { version }),
			...(tarball === undefined ? {} : { tarball: resolve(context.cwd, tarball) }),
		});
		for (const problem of created.warnings) context.emit({ type: "problem", problem });
		const { manifest } = created;
		context.emit({
			type: "table",
			name: "created",
			columns: ["name", "version", "commit", "jobs", "packages", "tarball"],
			rows: [
				{
					name: manifest.name,
					version: manifest.version,
					commit: `${manifest.commitHash}${manifest.uncommittedChanges ? "+" : ""}`,
					jobs: manifest.jobs.length,
					packages: manifest.packages.length,
					tarball: written,
				},
			],
		});
		return 0;
	},
};
