import type { Clock } from "../clock.ts";
import { withDeadline } from "../ssh/deadline.ts";
import type { RunResult, SshConnection } from "../ssh/ssh.ts";

/** Milliseconds for the probe's round trip on a connection; an answer later than this is none. */
const PROBE_MS = 10_000;

/** Runs a probe on a VM. Entering it takes what the stages of a connection may take: a busy VM behind a jump host needs some of that. */
export async function runProbe(
	connecting: Promise<SshConnection>,
	script: string,
	{ signal, clock }: { readonly signal: AbortSignal; readonly clock: Clock },
): Promise<RunResult> {
	const connection = await connecting;
	const late = () => new Error(`its probe gave no answer within ${PROBE_MS / 1000} s`);
	return withDeadline({ ms: PROBE_MS, clock, signal, late }, (until) => connection.run(script, { signal: until }));
}
