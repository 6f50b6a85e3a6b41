import { duration, withDeadline } from "../../ssh/deadline.ts";
import { createAgentClient } from "./client.ts";
import { AgentError } from "./errors.ts";
import type { AgentTarget } from "./request.ts";
import { type Failure, type UntilItWorks, untilItWorks } from "./until-it-works.ts";

/** The agent removes none but users whose names begin so (bosh-agent, settings/settings.go). */
export const AGENT_USER = "bosh_davit";

/** Milliseconds from power-on to first contact: the design's deadlines table. */
const FIRST_CONTACT_DEADLINE = 10 * 60_000;

export interface AgentContactOptions extends UntilItWorks {
	/** Milliseconds for all of it. */
	readonly deadlineMs?: number;
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
	let last: Failure | undefined;
	const failed = (error: Failure) => {
		last = error;
	};
	const late = () => tooLate(target, deadlineMs, last);
	return withDeadline({ ms: deadlineMs, clock, signal, late }, async (until) => {
		const each = { signal: until };
		const attempt = async () => {
			await agent.ping(each);
			await agent.cleanUpSsh(AGENT_USER, each);
			const { hostKey } = await agent.setUpSsh({ user: AGENT_USER, publicKey }, each);
			return { user: AGENT_USER, hostKey };
		};
		return untilItWorks(attempt, { ...options, signal: until }, failed);
	});
}

function tooLate(target: AgentTarget, deadlineMs: number, last: Failure | undefined): AgentError {
	const waited = `${target.name}: its agent was not reached within ${duration(deadlineMs)}`;
	return new AgentError(last ? `${waited}; last: ${last.message}` : waited, {
		stage: last instanceof AgentError ? last.stage : "answer",
		target: target.name,
		retryable: true,
		hint: last?.hint,
		cause: last,
	});
}
