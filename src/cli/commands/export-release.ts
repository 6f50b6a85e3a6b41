import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import type { Digest } from "../../blobs/blobs.ts";
import { problem, UserError } from "../../errors.ts";
import { exportRelease } from "../../release/export-release.ts";
import { type Command, text, texts } from "../command.ts";
import { localProblem } from "../session/local-problem.ts";
import { recordedInputs } from "../session/manifest.ts";
import { openPackageBlobs } from "../session/package-blobs.ts";
import { openBlobs, openReleases } from "../session/releases.ts";
import { chosenDeployment, deploymentOption, openKey } from "../session/store.ts";
import { withStore } from "../session/with-store.ts";
import { writeWhole } from "../session/write-whole.ts";

export const command: Command = {
	arguments: "<release> <stemcell>",
	options: [
		deploymentOption,
		{ flags: "--dir <folder>", about: "where the tarball goes (default: here)" },
		{ flags: "--job <name>", about: "only this job, and the packages that it needs; repeatable", repeat: true },
	],
	help: `Writes a release of the deployment with its packages compiled for a stemcell (NAME/VERSION OS/VERSION, as davit releases and davit stemcells show
them): NAME-VERSION-OS-VERSION.tgz; with --job the jobs' names come before, as in BOSH. Where it is used, nothing is compiled any more. All of the
packages that go into it must have been compiled for that stemcell.

Example: davit export-release min-platform/1 debian-12/20261127`,
	run: ([release, stemcell], options, context) =>
		withStore(context, async (store) => {
			const [name, version] = pair(String(release), "release");
			const [os, line] = pair(String(stemcell), "stemcell");
			const deployment = await chosenDeployment(store, options, context.env);
			const { deployment: record } = await store.read(deployment);
			if (!record) throw new UserError(problem("no-deployment", `there is no deployment "${deployment}" any more`));
			const inputs = recordedInputs(record, await openKey(context, store));
			const { releases, ...manifest } = inputs.deployment;
			const refs = releases.filter((ref) => ref.name === name);
			const blobs = await openBlobs(context);
			const opened = await openReleases({ ...manifest, releases: refs }, blobs, inputs.place, context);
			const found = opened.get(name);
			if (found?.version !== version) {
				const known = Object.keys(record.releases).sort().join(", ");
				const hint = known === "" ? "davit deploy it first" : `it has: ${known}`;
				throw new UserError(problem("no-release", `${deployment} has no release ${name}/${version}`, { hint }));
			}
			const jobs = [...new Set(texts(options, "job"))].sort();
			const compiled = async (key: string) => (await store.compiled(key)) as Digest | undefined;
			const made = await exportRelease(found, {
				stemcell: { os, version: line },
				...(jobs.length > 0 ? { jobs } : {}),
				compiled,
				store: await openPackageBlobs(blobs, context),
			});
			const folder = resolve(context.cwd, text(options, "dir") ?? ".");
			const file = join(folder, `${[...jobs, name].join("-")}-${version}-${os}-${line}.tgz`);
			await mkdir(folder, { recursive: true }).catch((error: unknown) => {
				throw localProblem(error, folder);
			});
			await writeWhole(file, context, (beside) =>
				pipeline(made.tarball(), createWriteStream(beside), { signal: context.signal }),
			);
			const written = made.manifest;
			const row = { release: name, version, stemcell: `${os}/${line}`, jobs: written.jobs.length };
			const rows = [{ ...row, packages: written.compiledPackages.length, tarball: file }];
			const columns = ["release", "version", "stemcell", "jobs", "packages", "tarball"];
			context.emit({ type: "table", name: "exported", columns, rows });
			return 0;
		}),
};

function pair(given: string, what: string): readonly [string, string] {
	const [, name, version] = /^([^/]+)\/([^/]+)$/.exec(given) ?? [];
	if (name !== undefined && version !== undefined) return [name, version];
	const hint =
		what === "release"
			? "write NAME/VERSION; davit releases lists them"
			: "write OS/VERSION; davit stemcells lists them";
	throw new UserError(problem("usage", `${given} names no ${what}`, { hint }), { exitCode: 64 });
}
