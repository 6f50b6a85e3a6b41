import { resolve } from "node:path";
import { inspectRelease } from "../../release/inspect.ts";
import { openReleaseAt } from "../../release/open-release.ts";
import type { Command } from "../command.ts";
import { openBlobs, openSources } from "../session/releases.ts";

export const command: Command = {
	arguments: "<release>",
	options: [],
	help: "The release is a folder, a tarball, or a file:// or http(s):// URL. A job needs packages, a package its dependencies.",
	run: async ([given], _, context) => {
		const url = /^[a-z][a-z0-9+.-]+:/i.test(String(given)) ? String(given) : resolve(context.cwd, String(given));
		const release = await openReleaseAt(url, openSources(await openBlobs(context), context));
		for (const problem of release.warnings ?? []) context.emit({ type: "problem", problem });
		const commit = release.commitHash === "" ? "" : `, commit ${release.commitHash}`;
		const changed = release.uncommittedChanges ? " with uncommitted changes" : "";
		context.emit({ type: "note", text: `${release.name}/${release.version}${commit}${changed}` });
		context.emit({
			type: "table",
			name: "release",
			columns: ["kind", "name", "fingerprint", "digest", "stemcell", "needs"],
			rows: inspectRelease(release).map((row) => ({ ...row, needs: row.needs.join(", ") })),
		});
		return 0;
	},
};
