import type { RunResult, SshConnection } from "../ssh/ssh.ts";

/** Milliseconds for the probe's round trip on a connection; an answer later than this is none. */
const PROBE_MS = 10_000;

/** Runs a probe on a VM. Entering it takes what the stages of a connection may take: a busy VM behind a jump host needs some of that. */
export async function runProbe(
	connecting: Promise<SshConnection>,
	script: string,
	signal: AbortSignal,
): Promise<RunResult> {
	const connection = await connecting;
	const late = AbortSignal.timeout(PROBE_MS);
	return connection.run(script, { signal: AbortSignal.any([signal, late]) }).catch((error: unknown) => {
		throw late.aborted ? new Error(`its probe gave no answer within ${PROBE_MS / 1000} s`) : error;
	});
}
