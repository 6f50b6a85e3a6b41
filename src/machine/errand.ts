import { z } from "zod";
import { attach, jobEnvironment } from "./detached.ts";
import { DAVIT, pathName } from "./layout.ts";
import { script } from "./prelude.ts";
import { assign } from "./shell.ts";

/** BOSH keeps this much of an errand's output, in bytes; davit keeps the end of each stream. */
const ERRAND_OUTPUT_BYTES = 1024 * 1024;

const program = `file=/var/vcap/jobs/$job/bin/run
folder=${DAVIT}/hooks/errand/$job
if [ ! -e "$file" ]; then die "job $job is no errand: it has no bin/run"; fi
attach "$folder" "$(readlink "/var/vcap/jobs/$job") $key" "$folder/out" "$folder/err" "\${environment[@]}" "$file"
printf '{"exitCode":%d,"seconds":%d.%03d,"stdout":"' "$code" $((ms / 1000)) $((ms % 1000))
tail -c ${ERRAND_OUTPUT_BYTES} "$folder/out" | base64 -w 0
printf '","stderr":"'
tail -c ${ERRAND_OUTPUT_BYTES} "$folder/err" | base64 -w 0
printf '"}\\n'
attach_told "$folder"
`;

/**
 * Runs a job's bin/run, without a time limit; it outlives the connection as hooks do. Its exit code is in the one line that is printed, for
 * {@link parseErrand}; that line may be 2.8 MB long, so keep as much (`RunOptions.maxBytes`).
 */
export function errandScript(job: string, env: Readonly<Record<string, string>> = {}): string {
	return script(
		"fence_release",
		attach,
		assign("job", pathName("job", job)),
		assign("key", JSON.stringify(env)),
		`environment=(${jobEnvironment(env)})`,
		program,
	);
}

/** Enough for the longest line of {@link errandScript}, in bytes. */
export const ERRAND_RESULT_BYTES = 3 * ERRAND_OUTPUT_BYTES;

const text = z.string().transform((encoded) => Buffer.from(encoded, "base64").toString());
const result = z.object({ exitCode: z.number(), seconds: z.number(), stdout: text, stderr: text });

export interface ErrandResult {
	readonly exitCode: number;
	readonly seconds: number;
	readonly stdout: string;
	readonly stderr: string;
}

/** Reads what {@link errandScript} printed. Throws a ZodError or SyntaxError if it was cut off. */
export function parseErrand(stdout: string): ErrandResult {
	return result.parse(JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? ""));
}
