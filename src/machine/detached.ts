import { HOOK_PATH } from "./layout.ts";
import { quote } from "./shell.ts";

/** Started in a session of its own; it holds the lock by an inherited descriptor, the program does not: what a hook leaves behind in the background must not look like the hook. */
const runner = `lock=$1 folder=$2 out=$3 err=$4; shift 4
cd /
out_from=$(stat -c %s "$out") err_from=$(stat -c %s "$err")
began=\${EPOCHREALTIME:-} began=\${began/[.,]/}
code=0
(exec {lock}>&-; unset LC_ALL; exec "$@") </dev/null >>"$out" 2>>"$err" || code=$?
ended=\${EPOCHREALTIME:-} ended=\${ended/[.,]/}
if [ -n "$began" ]; then ms=$(((ended - began) / 1000)); else ms=$((SECONDS * 1000)); fi
echo "$code $ms $out_from $err_from" >"$folder/result.new"
mv -f "$folder/result.new" "$folder/result"
`;

/**
 * `attach FOLDER KEY OUT ERR COMMAND...` runs a command so that it outlives the SSH connection, waits for its end and sets code, ms,
 * out_from and err_from (what it wrote begins there). Called again with the same key it does not start a second one:
 * - still running: waits for that one;
 * - ended while nobody listened: takes that result, once;
 * - another key is still running (the job was rendered anew): waits for its end, then starts.
 * `attach_told FOLDER` says that the result was printed; the next call starts anew. A command whose VM was rebooted left no result and is started anew.
 */
export const attach = `attach_start() { # lock folder key out err command...
  local lock=$1 folder=$2 key=$3 out=$4 err=$5 was=''
  shift 5
  if [ -f "$folder/result" ] && [ ! -e "$folder/told" ]; then
    read -r was <"$folder/key" || true
    if [ "$was" = "$key" ]; then return; fi
  fi
  rm -f "$folder/result" "$folder/told"
  printf '%s\\n' "$key" >"$folder/key"
  if [ "\${out%/*}" = "$folder" ]; then : >"$out"; : >"$err"; fi
  (umask 027; : >>"$out"; : >>"$err")
  # An orphan: an aborted script is ended with all that descends from it.
  (setsid bash -c ${quote(runner)} davit "$lock" "$folder" "$out" "$err" "$@" >/dev/null 2>&1 </dev/null &)
}
attach() { # folder key out err command...
  local folder=$1 key=$2 lock='' was=''
  mkdir -p "$folder"
  exec {lock}>>"$folder/lock"
  if flock -n "$lock"; then attach_start "$lock" "$@"
  else
    read -r was <"$folder/key" || true
    if [ "$was" != "$key" ]; then flock "$lock"; attach_start "$lock" "$@"; fi
  fi
  exec {lock}>&-
  exec {lock}>>"$folder/lock"
  flock -s "$lock"
  exec {lock}>&-
  read -r code ms out_from err_from <"$folder/result" || die "\${folder##*/}: ended without a result"
}
attach_told() { : >"$1/told"; }
`;

/** The words before a job's own program: BOSH's lower priority, PATH and the given environment. */
export function jobEnvironment(env: Readonly<Record<string, string>>): string {
	const pairs = Object.entries(env).map(([name, value]) => quote(`${name}=${value}`));
	return ["nice -n 5 env", `PATH=${HOOK_PATH}`, ...pairs].join(" ");
}
