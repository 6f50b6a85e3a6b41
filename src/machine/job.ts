import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";
import type { RenderedJob } from "../template/render.ts";
import { jobFilePath, pathName } from "./layout.ts";
import { script } from "./prelude.ts";
import { assignList } from "./shell.ts";

/** One job of the VM. `digest` names this rendering; it holds secrets, so it is a keyed one. `packages`: names, linked into the job's folder. */
export interface InstalledJob {
	readonly name: string;
	readonly digest: string;
	readonly packages: readonly string[];
}

const functions = `install_job() { # job digest package...
  local job=$1 target=/var/vcap/data/jobs/$1/$2
  shift 2
  mkdir -p "\${target%/*}"
  own root:vcap 0750 "\${target%/*}"
  if [ -d "$staging/$job" ]; then
    mkdir -p "$staging/$job/packages"
    own root:vcap 0750 "$staging/$job/packages"
    for package; do ln -s "/var/vcap/packages/$package" "$staging/$job/packages/$package"; done
    if [ -e "$target" ]; then mv -T "$target" "$staging/.old-$job"; fi
    mv -T "$staging/$job" "$target"
  elif [ ! -d "$target" ]; then die "job $job: its files are neither in the archive nor on this VM"
  fi
  for folder in sys/log sys/run .; do
    if [ -e "/var/vcap/data/$folder/$job" ]; then continue; fi
    mkdir "/var/vcap/data/$folder/$job"
    own root:vcap 0770 "/var/vcap/data/$folder/$job"
  done
  link "$target" "/var/vcap/jobs/$job"
}
install_monit() { # job number: BOSH numbers them from the last job to the first, and names those of NAME.monit JOB_NAME
  local text='' file='' source='' label=''
  for source in "/var/vcap/jobs/$1/monit" "/var/vcap/jobs/$1"/*.monit; do
    if [ ! -f "$source" ]; then continue; fi
    label=\${source##*/} label=\${label%monit} label=\${label%.}
    printf -v file '/var/vcap/monit/job/%04d_%s.monitrc' "$2" "$1\${label:+_$label}"
    text=''
    IFS= read -r -d '' text <"$source" || true
    put "$file" 0640 root:root "$text"
    monit+="\${file##*/} "
  done
}
`;

const program = `fence_release
staging=$(mktemp -d /var/vcap/data/jobs/.incoming-XXXXXX)
trap 'rm -rf "$staging"' EXIT
unpack "$staging"
durable "$staging"
fence_hold
names=' ' targets=' ' monit=' ' number=\${#jobs[@]}
for entry in \${jobs[@]+"\${jobs[@]}"}; do
  read -r -a words <<<"$entry"
  install_job "\${words[@]}"
  number=$((number - 1))
  install_monit "\${words[0]}" "$number"
  names+="\${words[0]} "
  targets+="\${words[0]}/\${words[1]} "
done
shopt -s nullglob dotglob
for link in /var/vcap/jobs/*; do
  if [[ $names != *" \${link##*/} "* ]]; then rm -f "$link"; fi
done
for file in /var/vcap/monit/job/*; do
  if [[ $monit != *" \${file##*/} "* ]]; then rm -f "$file"; fi
done
for folder in /var/vcap/data/jobs/*; do
  if [ "$folder" != "$staging" ] && [[ $names != *" \${folder##*/} "* ]]; then rm -rf "$folder"; fi
done
for folder in /var/vcap/data/jobs/*/*; do
  if [ "\${folder%/*}" != "$staging" ] && [[ $targets != *" \${folder#/var/vcap/data/jobs/} "* ]]; then rm -rf "$folder"; fi
done
durable /var/vcap/jobs /var/vcap/data/jobs
`;

/**
 * Puts all jobs of a VM in place from the archive of {@link jobsArchive} on standard input: `data/jobs/NAME/DIGEST`, linked from `jobs/NAME`, with their log,
 * run and data folders and monit files. A job that isn't in the archive must be on the VM under that digest; one that is is written anew, so a deleted
 * file comes back. Jobs that aren't listed are disabled, then deleted, and old renderings last. The jobs are stopped when this runs.
 */
export function installJobsScript(jobs: readonly InstalledJob[]): string {
	const lines = jobs.map(({ name, digest, packages }) =>
		[pathName("job", name), pathName("digest", digest), ...packages.map((each) => pathName("package", each))].join(" "),
	);
	return script(functions, assignList("jobs", lines), program);
}

/** BOSH's modes for rendered files: `bin/` may be run, the rest read by vcap only. */
const modeOf = (path: string) => (path.startsWith("bin/") ? 0o750 : 0o640);

// biome-ignore lint/style/noRestrictedGlobals: a constant, not the clock: tar-stream wants the time as a Date, and the bytes must not depend on when they were made.
const owner = { uid: 0, gid: 1000, uname: "root", gname: "vcap", mtime: new Date(0) };

/**
 * A tar.gz of `JOB/path` members with BOSH's owners and modes, for `installJobsScript`. The same jobs give the same bytes.
 * Throws a UserError for a path that would leave its job's folder.
 */
export async function jobsArchive(rendered: readonly RenderedJob[]): Promise<Uint8Array> {
	const archive = pack();
	for (const job of [...rendered].sort((a, b) => (a.job < b.job ? -1 : 1))) {
		const name = pathName("job", job.job);
		const files = new Map(job.files.map(({ path, content }) => [jobFilePath(name, path), content]));
		files.set("monit", job.monit);
		for (const { file, content } of job.extraMonit ?? []) files.set(jobFilePath(name, file), content);
		for (const folder of foldersOf([...files.keys()])) {
			archive.entry({ ...owner, name: folder === "" ? name : `${name}/${folder}`, type: "directory", mode: 0o750 });
		}
		for (const path of [...files.keys()].sort()) {
			archive.entry({ ...owner, name: `${name}/${path}`, mode: modeOf(path) }, files.get(path) ?? "");
		}
	}
	archive.finalize();
	const chunks: Uint8Array[] = [];
	for await (const chunk of Readable.from(archive)) chunks.push(chunk);
	return gzipSync(Buffer.concat(chunks), { level: 6 });
}

/** All folders of the paths, parents first; the job's own is "". */
function foldersOf(paths: readonly string[]): string[] {
	const folders = new Set([""]);
	for (const path of paths) {
		const parts = path.split("/").slice(0, -1);
		for (let length = 1; length <= parts.length; length += 1) folders.add(parts.slice(0, length).join("/"));
	}
	return [...folders].sort();
}
