import { attach, jobEnvironment } from "./detached.ts";
import { DAVIT, pathName } from "./layout.ts";
import { script } from "./prelude.ts";
import { assign, quote } from "./shell.ts";

const program = `file=/var/vcap/jobs/$job/bin/drain
folder=${DAVIT}/hooks/drain/$job
if [ ! -e "$file" ]; then echo 0; exit 0; fi
attach "$folder" "$(readlink "/var/vcap/jobs/$job") $key" "$folder/out" "$folder/err" "\${environment[@]}" "$file" "\${args[@]}"
tail -c 65536 "$folder/err" >&2
tail -c 65536 "$folder/out"
attach_told "$folder"
exit "$code"
`;

/**
 * Runs a job's drain script once (https://bosh.io/docs/drain/): its output is the script's output, its exit code the exit code; both go to {@link drainDecision}.
 * A job without one answers 0. Args: `job_changed|job_shutdown|job_check_status`, `hash_changed|hash_unchanged|hash_new`,
 * updated package names. Env: BOSH_JOB_STATE, BOSH_JOB_NEXT_STATE. It outlives the connection as hooks do.
 */
export function drainScript(job: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): string {
	return script(
		"fence_release",
		attach,
		assign("job", pathName("job", job)),
		assign("key", JSON.stringify([args, env])),
		`args=(${args.map(quote).join(" ")})`,
		`environment=(${jobEnvironment(env)})`,
		program,
	);
}

/** What a drain script's answer means. `again`: wait, then ask with `job_check_status`. */
export type DrainDecision =
	| { readonly kind: "done" | "again"; readonly waitMs: number; readonly warning?: string }
	| { readonly kind: "failed"; readonly why: string };

/**
 * As bosh-agent decides: a whole number wins over the exit code, 0 and more means wait and go on, less means wait and ask again,
 * anything else is a failure. davit warns where BOSH is silent about the exit code.
 */
export function drainDecision(output: string, exitCode: number): DrainDecision {
	const answer = output.trim();
	const ended = `ended with exit code ${exitCode}`;
	if (!/^[+-]?\d{1,9}$/.test(answer)) {
		const said = answer === "" ? "printed nothing" : `printed ${JSON.stringify(answer.slice(-200))}`;
		return { kind: "failed", why: `${said} instead of a whole number${exitCode === 0 ? "" : ` and ${ended}`}` };
	}
	const seconds = Number(answer);
	const warning = exitCode === 0 ? {} : { warning: `answered ${answer} but ${ended}; the answer counts` };
	return { kind: seconds < 0 ? "again" : "done", waitMs: Math.abs(seconds) * 1000, ...warning };
}
