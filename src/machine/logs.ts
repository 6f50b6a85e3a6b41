import { pathName } from "./layout.ts";
import { script } from "./prelude.ts";
import { assign, assignList } from "./shell.ts";

export interface LogSelection {
	/** Only these jobs' logs. Absent or empty: all that is in sys/log. */
	readonly jobs?: readonly string[];
	/** Globs below a job's log folder; `**` is any depth. BOSH's default is all `.log` files at any depth. */
	readonly only?: readonly string[];
	/** Rotated files too, and whatever else lies there. */
	readonly all?: boolean;
}

/** Leaves the selected files, relative to sys/log, in `files`; says so if there is none. */
function select({ jobs = [], only = [], all = false }: LogSelection): string {
	const folders = jobs.length === 0 ? ["*"] : jobs.map((job) => pathName("job", job));
	const globs = all ? ["**/*"] : only.length === 0 ? ["**/*.log"] : only;
	return `${assignList("folders", folders)}
${assignList("globs", globs)}
shopt -s globstar nullglob dotglob
cd /var/vcap/data/sys/log
files=()
for folder in "\${folders[@]}"; do
  for glob in "\${globs[@]}"; do
    IFS='' matches=($folder/$glob)
    for file in \${matches[@]+"\${matches[@]}"}; do if [ -f "$file" ] && [[ $file != ../* ]] && [[ $file != */../* ]]; then files+=("$file"); fi; done
  done
done
if [ "\${#files[@]}" = 0 ]; then echo "no log matches" >&2; fi
`;
}

/**
 * The selected logs as a tar.gz on standard output; nothing is written on the VM, whose disk may be full. Logs are written while they are
 * packed: a file that changes or vanishes meanwhile is noted on standard error, and is no failure.
 */
export function logsScript(selection: LogSelection = {}): string {
	return script(
		"fence_release",
		select(selection),
		`printf '%s\\0' \${files[@]+"\${files[@]}"} | { grep -zv '^$' || true; } | sort -zu |
  { tar --create --null --no-recursion --files-from - --ignore-failed-read --owner=0 --group=0 || [ $? = 1 ]; } | gzip -n`,
	);
}

/** Prints the last `num` lines of each selected log, and with `follow` what comes, until the reader goes away; `tail` says which file by a line `==> file <==`. */
export function tailLogsScript(selection: LogSelection & { readonly num?: number; readonly follow?: boolean }): string {
	const { num = 10, follow = false } = selection;
	return script(
		"fence_release",
		select(selection),
		`if [ "\${#files[@]}" = 0 ]; then exit 0; fi
exec tail -v -n ${Number(num)} ${follow ? "-F " : ""}-- "\${files[@]}"`,
	);
}

/** The last lines of the logs behind a monit check, newest file last: found by the job whose monit file names it. */
export function lastLinesScript(check: string, lines = 20): string {
	return script(
		assign("check", check),
		`shopt -s nullglob
job=''
for file in /var/vcap/monit/job/*.monitrc; do
  IFS= read -r -d '' text <"$file" || true
  for word in "$check" "\\"$check\\"" "'$check'"; do
    if [[ " \${text//[$'\\n\\t']/ } " == *" check "*" $word "* ]]; then job=\${file##*/} job=\${job#*_} job=\${job%.monitrc}; fi
  done
done
logs=(/var/vcap/data/sys/log/"\${job:-$check}"/*.log)
if [ "\${#logs[@]}" = 0 ]; then exit 0; fi
ls -tr "\${logs[@]}" | tail -n 3 | while IFS= read -r log; do
  if [ -s "$log" ]; then echo "==> $log <=="; tail -n ${Number(lines)} "$log" | tail -c 16384; fi
done`,
	);
}
