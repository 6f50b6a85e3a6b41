import { DAVIT } from "./layout.ts";
import { assign } from "./shell.ts";

/** The exit code of a script that a higher fencing number has made void (EX_TEMPFAIL). */
export const FENCED_EXIT = 75;

/**
 * `fence_hold` takes the lock shared and compares; it ends the script if a higher number was here.
 * It is taken exclusively only to raise the number, so that one holder's scripts never wait for each other.
 *
 * A short script keeps the lock shared to its end: a new holder, who must raise the number, waits for it, and nothing
 * of the old holder is half way when the new one looks. A script that reads a stream or runs what a job brought (hooks, drain,
 * packaging, errands) calls `fence_release` first, because it may take for ever: its davit may be stopped in the middle of
 * the stream. What it received stays aside; before it puts that in place it calls `fence_hold` again. A hook that runs on is left
 * to end by itself: it can't be undone, and the new holder's call for the same hook waits for it (see detached.ts).
 */
const functions = `if ! mkdir -p ${DAVIT} 2>/dev/null || [ ! -w ${DAVIT} ]; then
  echo "${DAVIT} can't be written: $(df --output=source,fstype,target /var | tail -n 1 | tr -s ' ') is mounted read-only; look for disk errors in the VM's kernel log" >&2
  exit 1
fi
fence_read() {
  fence_seen=0
  if [ -s ${DAVIT}/fence ]; then read -r fence_seen <${DAVIT}/fence || true; fi
  [[ $fence_seen =~ ^[0-9]+$ ]] || fence_seen=0
}
fence_lock() {
  flock -w 60 "$1" "$fence_fd" || { echo "another script of davit has held this VM's lock for 60 s" >&2; exit 1; }
}
fence_release() { exec {fence_fd}>&-; }
fence_hold() {
  exec {fence_fd}>>${DAVIT}/fence.lock
  fence_lock -s
  fence_read
  if [ "$fence_seen" -lt "$fence" ]; then
    fence_lock -x
    fence_read
    if [ "$fence_seen" -lt "$fence" ]; then
      echo "$fence" >${DAVIT}/fence.new && mv -f ${DAVIT}/fence.new ${DAVIT}/fence || exit 1
    fi
    fence_lock -s
    fence_read
  fi
  if [ "$fence_seen" -gt "$fence" ]; then
    echo "fenced: this VM obeys holder $fence_seen, this script is of holder $fence" >&2
    exit ${FENCED_EXIT}
  fi
}
fence_hold
`;

/** The script, made to run only while no higher fencing number than `fence` (a positive whole number) has reached the VM. */
export function fenced(script: string, fence: number): string {
	if (!Number.isSafeInteger(fence) || fence < 1) throw new RangeError(`${fence} is no fencing number`);
	return `${assign("fence", fence)}\n${functions}${script}`;
}

/** True if a script ended because its VM has met a higher fencing number; a job's own program may end with the same exit code. */
export function isFenced({ code, stderr }: { readonly code: number | undefined; readonly stderr: string }): boolean {
	const last = stderr.trimEnd().split("\n").at(-1) ?? "";
	return code === FENCED_EXIT && /^fenced: this VM obeys holder \d+, this script is of holder \d+$/.test(last);
}
