import type { Clock } from "../../clock.ts";
import { duration, withDeadline } from "../../ssh/deadline.ts";
import { SshError } from "../../ssh/errors.ts";
import { createAgentClient } from "./client.ts";
import { AgentError } from "./errors.ts";
import type { AgentTarget } from "./request.ts";

/** The agent removes none but users whose names begin so (bosh-agent, settings/settings.go). */
const USER = "bosh_davit";

/** Milliseconds from power-on to first contact: the design's deadlines table. */
const FIRST_CONTACT_DEADLINE = 10 * 60_000;

/** Milliseconds between two tries. A stemcell takes a minute or so to boot. */
const PAUSES = [500, 1_000, 2_000, 5_000];

export interface AgentContactOptions {
	readonly clock: Clock;
	readonly signal: AbortSignal;
	/** Milliseconds for all of it. */
	readonly deadlineMs?: number;
	/** After each try that failed: how far it came, why it ended, and milliseconds since the start. */
	readonly onProgress?: (progress: {
		readonly stage: string;
		readonly message: string;
		readonly elapsedMs: number;
	}) => void;
}

/** How the VM is entered by SSH from now on. */
export interface AgentContact {
	readonly user: string;
	/** `ssh-rsa AAAA…`: the one key of the VM's SSH server that its agent tells of. */
	readonly hostKey: string;
}

/**
 * First contact with a VM that boots a BOSH stemcell: waits for its agent, has it make davit's SSH user, and takes the host key from its
 * answer. Safe to repeat: a user that an interrupted run had made is made anew. A failure that waiting can't mend (another's certificate,
 * a refused password, an exception) ends it at once; past the deadline it rejects with the last failure.
 */
export async function firstContactByAgent(
	target: AgentTarget,
	publicKey: string,
	options: AgentContactOptions,
): Promise<AgentContact> {
	const { clock, signal, deadlineMs = FIRST_CONTACT_DEADLINE } = options;
	const agent = createAgentClient(target, { clock });
	let last: SshError | AgentError | undefined;
	const failed = (error: SshError | AgentError) => {
		last = error;
	};
	const late = () => tooLate(target, deadlineMs, last);
	return withDeadline({ ms: deadlineMs, clock, signal, late }, async (until) => {
		const own = { ...options, signal: until };
		const attempt = async () => {
			await agent.ping(own);
			await agent.cleanUpSsh(USER, own);
			const { hostKey } = await agent.setUpSsh({ user: USER, publicKey }, own);
			return { user: USER, hostKey };
		};
		return untilItWorks(attempt, own, failed);
	});
}

async function untilItWorks<T>(
	attempt: () => Promise<T>,
	{ clock, signal, onProgress }: AgentContactOptions,
	failed: (error: SshError | AgentError) => void,
): Promise<T> {
	const started = clock.monotonic();
	for (let tries = 0; ; tries += 1) {
		try {
			return await attempt();
		} catch (error) {
			signal.throwIfAborted();
			if (!(error instanceof SshError || error instanceof AgentError) || !error.retryable) throw error;
			failed(error);
			onProgress?.({ stage: error.stage, message: error.message, elapsedMs: clock.monotonic() - started });
			await clock.sleep(PAUSES[Math.min(tries, PAUSES.length - 1)] ?? 0, signal);
		}
	}
}

function tooLate(target: AgentTarget, deadlineMs: number, last: SshError | AgentError | undefined): AgentError {
	const waited = `${target.name}: its agent was not reached within ${duration(deadlineMs)}`;
	return new AgentError(last ? `${waited}; last: ${last.message}` : waited, {
		stage: last instanceof AgentError ? last.stage : "answer",
		target: target.name,
		retryable: true,
		hint: last?.hint,
		cause: last,
	});
}
