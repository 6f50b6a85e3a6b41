import { z } from "zod";
import { attach, jobEnvironment } from "./detached.ts";
import { DAVIT, pathName } from "./layout.ts";
import { script } from "./prelude.ts";
import { assign, assignList } from "./shell.ts";

export type HookName = "pre-start" | "post-start" | "post-deploy" | "pre-stop" | "post-stop";

/** Where one begins, what the others left that nobody heard is of a round before: a job that was drained since is started from the beginning. */
const outdated: Partial<Readonly<Record<HookName, readonly string[]>>> = {
	"pre-stop": ["pre-start", "post-start", "post-deploy"],
	"pre-start": ["pre-stop", "drain", "post-stop", "post-start", "post-deploy"],
};

const program = `for name in \${outdated[@]+"\${outdated[@]}"}; do
  for file in ${DAVIT}/hooks/"$name"/*/key; do
    if [ -e "$file" ]; then echo outdated >"$file"; fi
  done
done
run_hook() { # job
  local job=$1 folder=${DAVIT}/hooks/$hook/$1 logs=/var/vcap/data/sys/log/$1 file=/var/vcap/jobs/$1/bin/$hook
  local out=$logs/$hook.stdout.log err=$logs/$hook.stderr.log tail='' print=''
  if [ ! -e "$file" ]; then printf '{"job":"%s","code":0,"seconds":0,"tail":"","skipped":true}\\n' "$job"; return; fi
  if [ ! -d "$logs" ]; then mkdir -p "$logs"; own root:vcap 0770 "$logs"; fi
  attach "$folder" "$(readlink "/var/vcap/jobs/$job") $key" "$out" "$err" \${environment[@]+"\${environment[@]}"} "$file"
  tail=$({ written "$out" "$out_from"; written "$err" "$err_from"; } | tail -n 20 | tail -c 16384 | base64 -w 0)
  exec {print}>>${DAVIT}/hooks/print.lock
  flock "$print"
  printf '{"job":"%s","code":%d,"seconds":%d.%03d,"tail":"%s"}\\n' "$job" "$code" $((ms / 1000)) $((ms % 1000)) "$tail"
  exec {print}>&-
  attach_told "$folder"
}
written() { # file from: what came since, all of it if the file was rotated meanwhile
  local size=''
  size=$(stat -c %s "$1")
  if [ "$size" -lt "$2" ]; then cat "$1"; else tail -c "+$(($2 + 1))" "$1"; fi
}
started=() failed=0
for job in "\${jobs[@]}"; do run_hook "$job" & started+=($!); done
for child in \${started[@]+"\${started[@]}"}; do wait "$child" || failed=1; done
exit "$failed"
`;

/**
 * Runs a hook of all given jobs in parallel (https://bosh.io/docs/job-lifecycle/), without a time limit, appending to `sys/log/JOB/HOOK.std{out,err}.log`. Prints a line for each
 * job as it ends, for {@link parseHookResults}; the exit code is 0 whatever the hooks' own. A job without the script is skipped.
 *
 * A hook outlives the connection: see detached.ts. Called again it waits for the one that runs, or takes the result that was never told,
 * so that a lost connection neither kills a hook nor runs it twice at once. Before pre-stop and pre-start the results of the round before
 * are given up.
 */
export function hookScript(
	hook: HookName,
	jobs: readonly string[],
	env: Readonly<Record<string, string>> = {},
): string {
	return script(
		"fence_release",
		attach,
		assign("hook", hook),
		assign("key", JSON.stringify(env)),
		assignList("outdated", outdated[hook] ?? []),
		assignList(
			"jobs",
			jobs.map((job) => pathName("job", job)),
		),
		`environment=(${jobEnvironment(env)})`,
		program,
	);
}

const line = z.object({
	job: z.string(),
	code: z.number(),
	seconds: z.number(),
	tail: z.string().transform((text) => Buffer.from(text, "base64").toString()),
	skipped: z.literal(true).optional(),
});

/** One job's hook. `tail`: the last 20 lines of what it wrote, standard error last. */
export interface HookResult {
	readonly job: string;
	readonly code: number;
	readonly seconds: number;
	readonly tail: string;
	/** The job has no such script. */
	readonly skipped?: true | undefined;
}

/** Reads the lines of {@link hookScript}, in the order in which the jobs ended; other lines are passed over. */
export function parseHookResults(stdout: string): HookResult[] {
	return stdout
		.split("\n")
		.filter((text) => text.startsWith('{"job":'))
		.map((text) => line.parse(JSON.parse(text)));
}
